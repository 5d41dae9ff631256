# SPDX-License-Identifier: MIT OR Apache-2.0

TESTS += tests/e2e/apps-native.sh tests/e2e/cudart-lookups.sh
EXTRA_DIST += tests/e2e/apps-native.sh tests/e2e/cudart-lookups.sh
