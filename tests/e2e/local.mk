# SPDX-License-Identifier: MIT OR Apache-2.0
tool_tests = \
	tests/e2e/tool-docs.sh \
	tests/e2e/tool-doctor.sh \
	tests/e2e/tool-help.sh \
	tests/e2e/tool-install.sh \
	tests/e2e/tool-options.sh \
	tests/e2e/tool-run.sh \
	tests/e2e/tool-sim.sh
TESTS += $(tool_tests)
EXTRA_DIST += $(tool_tests) scripts/check-docs
