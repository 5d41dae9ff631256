none app_legacy
