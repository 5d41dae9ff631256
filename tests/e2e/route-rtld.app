none app_rtld
