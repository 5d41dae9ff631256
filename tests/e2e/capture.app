pool app_capture
