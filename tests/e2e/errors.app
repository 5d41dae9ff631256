pool app_errors
