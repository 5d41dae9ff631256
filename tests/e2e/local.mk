# SPDX-License-Identifier: MIT OR Apache-2.0

TESTS += tests/e2e/apps-native.sh
EXTRA_DIST += tests/e2e/apps-native.sh
