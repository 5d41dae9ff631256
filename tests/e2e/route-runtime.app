pool app_runtime
