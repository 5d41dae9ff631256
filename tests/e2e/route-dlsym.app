pool app_dlsym
