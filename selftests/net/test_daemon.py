# SPDX-License-Identifier: BSD-2-Clause
"""headgated and its user: mistakes get one sentence, nothing is left behind (topology.py)."""
import json
import os
import shutil
import subprocess

import pytest

from lab import BUILD, wait_for
from manifest import as_list, endpoint_slice, port, service, shop
from topology import ADDRESS, BACKENDS, V4

NOBODY = 65534
BROKEN = """\
apiVersion: v1
kind: Service
metadata:
  name: broken
  namespace: shop
spec:
  clusterIP: 10.96.0.9
  ports:
    - name: http
      port: 70000
"""


def headgated(*arguments, program=BUILD / "headgated", **options):
    return subprocess.run([str(program), *map(str, arguments)], text=True,
                          capture_output=True, stdin=subprocess.DEVNULL, timeout=30,
                          check=False, **options)


def headgated_of_nobody(tmp_path, *arguments):
    """A copy that nobody can get at: the clone may lie where only root looks."""
    for folder in (tmp_path, *tmp_path.parents[:2]):
        os.chmod(folder, 0o755)
    program = shutil.copy(BUILD / "headgated", tmp_path)
    return headgated(*arguments, program=program, user=NOBODY, group=NOBODY, extra_groups=[])


def balancer(lab, *arguments):
    """headgated inside the balancer, expected to refuse."""
    process = lab.popen("balancer", BUILD / "headgated", *arguments, "--pin-root",
                        f"/sys/fs/bpf/{lab.name}", stdin=subprocess.DEVNULL,
                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    _, err = process.communicate(timeout=30)
    return process.returncode, err


def test_check_names_file_line_and_column(tmp_path):
    (tmp_path / "broken.yaml").write_text(BROKEN)
    (tmp_path / "good.json").write_text(json.dumps(as_list(shop(BACKENDS))))
    result = headgated("--check", "--manifests", tmp_path)
    said = result.stdout + result.stderr
    assert result.returncode == 1, said
    assert f"{tmp_path}/broken.yaml:10:13" in said, said
    assert "shop/broken" in said and "70000" in said and "65535" in said, said


def test_check_of_good_manifests_succeeds(tmp_path):
    (tmp_path / "good.json").write_text(json.dumps(as_list(shop(BACKENDS))))
    result = headgated("--check", "--manifests", tmp_path)
    assert result.returncode == 0, result.stderr


def definition(name, fields):
    """A CustomResourceDefinition as generators write it, of about 200 bytes a field."""
    text = (f"apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n"
            f"metadata: {{name: {name}}}\nspec:\n  schema: &{name}\n")
    for i in range(fields):
        text += (f"    field{i}:\n      description: |-\n        {'what it is for ' * 8}\n"
                 f"      default: 0.5\n      enum: [~, on, 1, !!str 1]\n      {i}: {{}}\n")
    return text + f"  again: {{<<: *{name}}}\n"


def test_check_of_whole_applications_warns_once_for_each_kind(tmp_path):
    (tmp_path / "crds.yaml").write_text("---\n".join(definition(f"d{i}", 6000)
                                                     for i in range(4)))
    (tmp_path / "more.yml").write_text(definition("more", 10))
    assert (tmp_path / "crds.yaml").stat().st_size > 4 << 20
    objects = shop(BACKENDS)
    (tmp_path / "stream.json").write_text("\n".join(map(json.dumps, objects)))
    result = headgated("--check", "--manifests", tmp_path)
    assert result.returncode == 0, result.stdout
    assert result.stdout.count("CustomResourceDefinition") == 1, result.stdout
    assert "5 objects" in result.stdout and f"{tmp_path}/crds.yaml:2:7" in result.stdout
    assert "errors: 0, warnings: 1" in result.stdout, result.stdout


def test_broken_service_leaves_the_others_in_force(lab, gate):
    (lab.manifests / "broken.yaml").write_text(BROKEN)
    gate.serve(shop(BACKENDS))
    complaints = json.dumps(gate.json("status")["complaints"])
    assert "broken.yaml" in complaints and "shop/broken" in complaints


def test_applied_changes_are_in_the_log(lab, gate):
    """A line for each; what stands in status without a Service of its own is there too."""
    ports, first, last = [port(80)], BACKENDS[:-1], BACKENDS[-1]
    gate.clear()
    gate.log.write_text("")
    gate.serve(shop(first, ports))
    assert "→" not in gate.log.read_text() # nothing while all is applied at first
    gate.serve(shop(BACKENDS, ports))
    added = f"{ADDRESS[last][V4]}:80"
    wait_for(lambda: "INFO Service shop/web: " in gate.log.read_text(), "the change is told")
    told = [line for line in gate.log.read_text().splitlines() if "→" in line]
    assert added in " ".join(told) and "backends (added" in told[0], told
    gate.write("lost", [endpoint_slice("lost", V4, ports, first)])
    lost = "EndpointSlice shop/lost-ipv4: belongs to Service shop/lost, which does not exist"
    wait_for(lambda: f"{lost}: correct" in gate.log.read_text(), "the slice is told of")
    assert gate.log.read_text().count(lost) == 1
    assert lost.split(": ")[1] in json.dumps(gate.json("status")["complaints"])
    (lab.manifests / "lost.json").unlink()
    wait_for(lambda: f"{lost}: correct" in gate.log.read_text().partition("resolved: ")[2],
             "it is resolved")


def test_ports_shared_with_the_host_are_warned_of(lab, gate):
    gate.serve(shop(BACKENDS))
    assert "--snat-ports" not in json.dumps(gate.json("status")["complaints"])
    name = "net.ipv4.ip_local_port_range"
    before = lab.run("balancer", "sysctl", "-n", name).split()
    lab.run("balancer", "sysctl", "-qw", f"{name}=20000 60999")
    try:
        gate.restart()
        complaints = json.dumps(gate.json("status")["complaints"])
        assert "1024-29999" in complaints and "20000-60999" in complaints, complaints
    finally:
        lab.run("balancer", "sysctl", "-qw", f"{name}={' '.join(before)}")
        gate.clear()


@pytest.mark.parametrize("verb", ("--check", "--print-plan"))
def test_no_privilege_is_needed(tmp_path, verb):
    (tmp_path / "good.json").write_text(json.dumps(as_list(shop(BACKENDS))))
    result = headgated_of_nobody(tmp_path, verb, "--manifests", tmp_path)
    assert result.returncode == 0, result.stderr
    if verb == "--print-plan":
        assert "shop/web" in result.stdout and "10.20.0.10" in result.stdout


def test_missing_privilege_is_one_sentence(tmp_path):
    result = headgated_of_nobody(tmp_path, "--manifests", "/tmp", "--interface", "lo",
                                 "--socket", tmp_path / "socket")
    assert result.returncode != 0
    assert "root" in result.stderr or "CAP_" in result.stderr, result.stderr


@pytest.mark.parametrize("arguments, expected", (
    ((), "manifests"),
    (("--manifests", "/nonexistent", "--interface", "up0"), "/nonexistent"),
    (("--manifests", "/tmp"), "interface"),
    (("--nonsense",), "--help"),
    (("--manifests", "/tmp", "--interface", "up0", "--flows", "many"), "flows"),
    (("--manifests", "/tmp", "--interface", "up0", "--cluster-cidr", "10.0.0.0/40"),
     "10.0.0.0/40"),
    (("--manifests", "/tmp", "--interface", "up0", "--snat-ports", "9-5"), "snat-ports"),
    (("--config", "/nonexistent.conf"), "/nonexistent.conf"),
))
def test_option_mistakes_are_named(lab, gate, arguments, expected):
    code, err = balancer(lab, *arguments)
    assert code != 0
    assert expected in err, err


def test_second_daemon_on_the_socket_is_refused(lab, gate):
    gate.serve(shop(BACKENDS))
    code, err = balancer(lab, "--manifests", lab.manifests, "--interface", "up0",
                         "--socket", lab.folder / "headgated.sock")
    assert code != 0
    assert "headgated.sock" in err, err
    assert gate.answers()


def test_configuration_file_has_the_same_names(lab, gate, tmp_path):
    config = tmp_path / "headgated.conf"
    config.write_text("flows = 4096\nanswer-neighbours = true\n")
    gate.serve(shop(BACKENDS), "--config", config)


def test_uninstall_removes_every_trace(lab, gate):
    gate.serve(shop(BACKENDS))
    gate.stop()
    pins = f"/sys/fs/bpf/{lab.name}"
    assert os.listdir(pins)
    assert "prog/xdp" in lab.run("balancer", "ip", "-d", "link", "show", "up0")
    gate.uninstall()
    assert not os.path.exists(pins)
    for interface in ("up0", "pod0", "pod1"):
        assert "prog/xdp" not in lab.run("balancer", "ip", "-d", "link", "show", interface)
        assert "clsact" not in lab.run("balancer", "tc", "qdisc", "show", "dev", interface)


def test_sctp_with_another_target_port_is_refused_with_a_sentence(tmp_path):
    objects = [service("signal", [port(5000, "SCTP", target=5001)])]
    (tmp_path / "sctp.json").write_text(json.dumps(as_list(objects)))
    result = headgated("--check", "--manifests", tmp_path)
    assert "SCTP" in result.stdout + result.stderr


def test_status_says_how_xdp_is_attached(lab, gate):
    gate.serve(shop(BACKENDS))
    status = gate.json("status")
    nic = next(a for a in status["attachments"] if a["interface"] == "up0")
    assert nic["mode"].startswith("native"), nic
    assert status["notServed"], status
