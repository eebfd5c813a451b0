"""Limits of control groups, over trees of files as Linux shows them."""

import pytest

from sensor.govern.cgroups import Group, groups

MB = 1 << 20
V2 = {
    "cgroup.controllers": "cpu memory",
    "system.slice/cpu.max": "max 100000",
    "system.slice/memory.max": "max",
    "system.slice/atp.service/cpu.max": "50000 100000",
    "system.slice/atp.service/cpu.stat": "usage_usec 2500000\nuser_usec 1",
    "system.slice/atp.service/memory.max": str(2048 * MB),
    "system.slice/atp.service/memory.high": str(1024 * MB),
    "system.slice/atp.service/memory.current": str(600 * MB),
    "system.slice/atp.service/memory.stat": f"anon 1\ninactive_file {100 * MB}\n",
}
V1 = {
    "cpu,cpuacct/docker/abc/cpu.cfs_quota_us": "150000",
    "cpu,cpuacct/docker/abc/cpu.cfs_period_us": "100000",
    "cpu,cpuacct/docker/abc/cpuacct.usage": "3000000000",
    "cpu,cpuacct/cpu.cfs_quota_us": "-1",
    "cpu,cpuacct/cpu.cfs_period_us": "100000",
    "memory/docker/abc/memory.limit_in_bytes": str(512 * MB),
    "memory/docker/abc/memory.usage_in_bytes": str(300 * MB),
    "memory/docker/abc/memory.stat": f"cache 5\ntotal_inactive_file {50 * MB}\n",
    "memory/memory.limit_in_bytes": "9223372036854771712",
}
APART = {
    "cpu/cpu.cfs_quota_us": "20000",
    "cpu/cpu.cfs_period_us": "10000",
    "cpuacct/cpuacct.usage": "1000000000",
}


def tree(root, files):
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")
    return root


@pytest.mark.parametrize(
    ("files", "membership", "expected"),
    [
        (
            V2,
            "0::/system.slice/atp.service\n",
            [Group("system.slice/atp.service", 0.5, 2.5, 1024 * MB, 500 * MB)],
        ),
        (
            V1,
            "4:memory:/docker/abc\n3:cpu,cpuacct:/docker/abc\n1:name=systemd:/\n",
            [
                Group("memory/docker/abc", memory=512 * MB, used=250 * MB),
                Group("cpu,cpuacct/docker/abc", 1.5, 3.0),
            ],
        ),
        # the container sees its own group as the root, and is told the host's path
        (
            {k.replace("docker/abc/", ""): v for k, v in V1.items() if "docker" in k},
            "4:memory:/docker/abc\n3:cpu,cpuacct:/docker/abc\n",
            [Group("memory", memory=512 * MB, used=250 * MB), Group("cpu,cpuacct", 1.5, 3.0)],
        ),
        (APART, "3:cpu:/\n2:cpuacct:/\n", [Group("cpu", 2.0, 1.0)]),
        ({"unified/" + k: v for k, v in V2.items()}, "0::/../..\n", []),
        ({"cgroup.controllers": ""}, "0::/\n", []),
        ({}, "", []),
        ({}, "nonsense", []),
    ],
)
def test_limits(tmp_path, files, membership, expected):
    found = groups(membership, tree(tmp_path, files))
    short = [g._replace(name=g.name.removeprefix(f"{tmp_path}/")) for g in found]
    assert short == expected


def test_groups_above_count(tmp_path):
    """The limit of a slice holds for the services in it."""
    files = V2 | {"system.slice/cpu.max": "300000 100000"}
    found = groups("0::/system.slice/atp.service", tree(tmp_path, files))
    assert [g.cores for g in found] == [0.5, 3.0]
