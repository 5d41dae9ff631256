pool app_fork
