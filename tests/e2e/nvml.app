pool-sim 11020 app_nvml look open null uuid sums start agree alloc=8 alloc=24 agree sums free=0 agree look fork=sums close
