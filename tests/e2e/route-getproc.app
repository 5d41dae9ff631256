pool app_getproc
