pool-sim 11080 app_nvml_linked open null uuid sums start agree alloc=8 alloc=24 agree sums free=0 agree look fork=sums close
