pool app_fence
