pool app_linked
