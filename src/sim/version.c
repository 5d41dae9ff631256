/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The driver version of one library: the only object in which the simulated drivers differ. */
extern const int sim_driver_version;
const int sim_driver_version = SIM_DRIVER;
