pool app_threads
