pool 11080 app_capture_threads exit
