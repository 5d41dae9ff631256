pool app_ctor
