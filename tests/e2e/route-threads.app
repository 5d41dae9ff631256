pool 11020 app_threads
