pool app_dlvsym
