pool 11080 app_getproc
