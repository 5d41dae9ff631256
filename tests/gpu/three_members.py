#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Three PyTorch processes with limits on one GPU, preloaded: three_members.py LIBRARY TOOL.

The first two fill and free most of their share, so that it stays in their caches; then the third asks
for more than is free on the device. Each has to see its own figures and right data throughout, and
what the ledger says has to agree with what the driver says.
"""
import json
import os
import subprocess
import sys

GIB = 1 << 30

MEMBER = """
import sys, torch
GIB = 1 << 30
kept = []
for line in sys.stdin:
    command, *numbers = line.split()
    if command == "info":
        print(*torch.cuda.mem_get_info())
    elif command == "take":
        block = torch.full((int(float(numbers[0]) * GIB) // 8,), len(kept) + 7, dtype=torch.int64,
                           device="cuda")
        kept.append(block)
        print("took", block.numel() * 8)
    elif command == "check":
        # In pieces: a comparison makes a tensor of its own.
        print("right" if all(bool((piece == i + 7).all()) for i, block in enumerate(kept)
                             for piece in block.split(1 << 24)) else "WRONG")
    elif command == "free":
        kept.clear()
        torch.cuda.synchronize()
        torch.cuda.empty_cache()
        print("freed")
    sys.stdout.flush()
"""


class Member:
    def __init__(self, library, name, limit_gib, cache):
        env = dict(os.environ, LD_PRELOAD=library, AEROSTAT_MODEL=name,
                   AEROSTAT_LIMIT=f"{limit_gib}G", AEROSTAT_CACHE=cache, AEROSTAT_DECAY="60m")
        self.process = subprocess.Popen([sys.executable, "-c", MEMBER], env=env, text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().strip()
        if not answer:
            sys.exit(f"a member ended at '{line}'")
        return answer

    def info(self):
        return [int(number) for number in self.ask("info").split()]


def used_by_smi():
    text = subprocess.run(["nvidia-smi", "--query-gpu=memory.used", "--format=csv,noheader,nounits"],
                          stdout=subprocess.PIPE, text=True, check=True).stdout
    return int(text.split()[0]) << 20


def ledger(tool):
    text = subprocess.run([tool, "ps", "--json"], stdout=subprocess.PIPE, text=True, check=True).stdout
    return json.loads(text)


def main():
    library, tool = sys.argv[1:3]
    import torch
    total = torch.cuda.get_device_properties(0).total_memory // GIB
    share = total * 2 // 5  # three of them are more than the device
    first, second = (Member(library, name, share, "100%") for name in ("first", "second"))
    for member in (first, second):
        free, whole = member.info()
        assert whole == share * GIB, (whole, share)
        assert free <= whole
        member.ask(f"take {share - 2}")
        member.ask("take 1")
        assert member.ask("check") == "right"
        member.ask("free")
        member.ask("take 1")
    print("first and second hold cached memory")
    third = Member(library, "third", share, "100%")
    free, whole = third.info()
    assert whole == share * GIB
    # What the others cache counts as free: it is given back when asked for.
    assert free > (share - 2) * GIB, free / GIB
    third.ask(f"take {share - 2}")
    print("third has what it asked for")
    for member in (first, second, third):
        assert member.ask("check") == "right"
        assert member.info()[1] == share * GIB
    answer = ledger(tool)
    resident = sum(model["resident"] for device in answer["devices"] for model in device["models"])
    smi = used_by_smi()
    outside = smi - resident
    print(f"nvidia-smi: {smi / GIB:.2f} GiB used; ledger: {resident / GIB:.2f} GiB resident, "
          f"so {outside / GIB:.2f} GiB of contexts and outside")
    # Contexts of four processes, and what NVML counts for the driver.
    assert 0 <= outside < 4 * GIB, outside
    print(subprocess.run([tool, "ps"], stdout=subprocess.PIPE, text=True, check=True).stdout)
    for member in (first, second, third):
        member.process.stdin.close()
        assert member.process.wait() == 0
    print("done")


main()
