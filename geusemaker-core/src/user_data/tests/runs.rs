//! Runs of the script, through each stage and each failure.

use std::process::Command;

use serde_json::Value;

use super::machine::Machine;
use super::*;
use crate::user_data::GpuReport;

const PULL: &str = "docker pull -q a/vllm:1";

/// Returns a script that runs one service.
fn vllm() -> String {
    script(
        &[container("vllm", 8000, "a/vllm:1")],
        GpuMaker::Nvidia,
        true,
    )
}

/// Returns a script that runs a service that depends on another one with the same image.
fn pair() -> String {
    let front = Container {
        depends_on: vec!["back"],
        ..container("front", 80, "a/b")
    };
    let back = Container {
        gpus: Gpus::None,
        ..container("back", 81, "a/b")
    };
    script(&[front, back], GpuMaker::Nvidia, true)
}

/// Runs a script on a machine with these functions.
fn run(script: &str, functions: &str) -> Machine {
    let machine = Machine::new(functions);
    machine.first_start(script);
    machine
}

#[test]
fn scripts_are_valid_shell() {
    let text = vllm();
    let runner = text
        .split("END-OF-RUN")
        .nth(1)
        .unwrap()
        .trim_start_matches("'\n");
    for script in [&text, runner] {
        let output = Command::new("bash")
            .args(["-n", "-c", script])
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
    }
}

#[test]
fn services_start_in_stages() {
    let machine = run(&pair(), "");
    let gpus = GpuReport::new(1, "NVIDIA A10G").with_driver("23028 MiB", "595.91.07");
    let gpus = gpus.to_string();
    assert_eq!(
        machine.console(),
        [
            "GEUSEMAKER:STAGE 1/6 preparing the machine",
            &gpus,
            "GEUSEMAKER:STAGE 2/6 mounting the shared file system",
            "GEUSEMAKER:STAGE 3/6 pulling a/b (1 of 1)",
            "GEUSEMAKER:STAGE 4/6 starting back",
            "GEUSEMAKER:STAGE 5/6 starting front",
            "GEUSEMAKER:STAGE 6/6 waiting until all containers stay up",
            &gpus,
            "GEUSEMAKER:READY",
        ]
    );
    let compose = "docker compose -f /opt/geusemaker/compose.json";
    assert_eq!(
        machine.calls(),
        [
            "systemctl enable --now docker",
            "systemctl restart amazon-ssm-agent",
            "systemctl daemon-reload",
            "systemctl enable geusemaker-storage.service geusemaker.service",
            "systemctl start --no-block geusemaker.service",
            "mount -t nfs4 -o nfsvers=4.1,rsize=1048576,wsize=1048576,hard,timeo=600,retrans=2,noresvport,_netdev \
             fs-0a1.efs.us-east-1.amazonaws.com:/ /mnt/shared",
            "nvidia-ctk system create-dev-char-symlinks --create-all",
            "docker pull -q a/b",
            &format!("{compose} up -d --no-deps --remove-orphans back"),
            &format!("{compose} up -d --no-deps --remove-orphans front"),
            "docker exec front nvidia-smi -L",
        ]
    );
    assert_eq!(machine.ended(), ["storage 0", "services 99"]);
    assert!(machine.path("mnt/shared/front").is_dir());
    assert_eq!(machine.read("sys/class/bdi/0:50/read_ahead_kb"), "15360\n");
    assert_eq!(
        machine.read("var/log/geusemaker.log"),
        machine.read("dev/console")
    );
}

/// Nothing is asked about GPUs, and Docker is installed on a plain image.
#[test]
fn machine_without_gpus_runs_services() {
    let machine = Machine::new("").without("docker mount.efs mount.nfs4 nvidia-smi nvidia-ctk");
    machine.first_start(&cpu_script(&[container("web", 80, "a/b")]));
    assert_eq!(
        machine.console(),
        [
            "GEUSEMAKER:STAGE 1/5 preparing the machine",
            "GEUSEMAKER:STAGE 2/5 mounting the shared file system",
            "GEUSEMAKER:STAGE 3/5 pulling a/b (1 of 1)",
            "GEUSEMAKER:STAGE 4/5 starting web",
            "GEUSEMAKER:STAGE 5/5 waiting until all containers stay up",
            "GEUSEMAKER:READY",
        ]
    );
    assert_eq!(
        machine.calls_of("apt-get"),
        ["apt-get install -qy --no-install-recommends docker.io"]
    );
    assert!(machine.calls_of("nvidia-ctk").is_empty());
    assert!(machine.calls_of("docker exec").is_empty());
}

#[test]
fn amazon_linux_encrypts_shared_storage() {
    let machine = Machine::new("").without("apt-get mount.efs mount.nfs4 docker");
    machine.first_start(&vllm());
    assert_eq!(machine.outcome(), ["GEUSEMAKER:READY"]);
    assert_eq!(machine.calls_of("dnf"), ["dnf -qy install docker"]);

    let machine = Machine::new("").without("apt-get mount.efs");
    machine.first_start(&vllm());
    assert_eq!(
        machine.calls_of("dnf"),
        ["dnf -qy install amazon-efs-utils"]
    );
    let machine = Machine::new("").without("");
    machine.first_start(&vllm());
    assert_eq!(
        machine.calls_of("mount"),
        ["mount -t efs -o tls,noresvport,_netdev fs-0a1:/ /mnt/shared"]
    );
}

#[test]
fn missing_software_is_installed() {
    let machine = Machine::new("").without("docker mount.efs mount.nfs4");
    machine.first_start(&vllm());
    assert_eq!(
        machine.calls_of("apt-get"),
        ["apt-get install -qy --no-install-recommends docker.io"]
    );
    let machine = Machine::new("").without("mount.efs mount.nfs4");
    machine.first_start(&vllm());
    assert_eq!(
        machine.calls_of("apt-get"),
        ["apt-get install -qy --no-install-recommends nfs-common"]
    );
    let machine = Machine::new("").without("mount.efs nvidia-ctk");
    machine.first_start(&vllm());
    assert_eq!(
        machine.calls_of("apt-get"),
        ["apt-get install -qy --no-install-recommends nvidia-container-toolkit"]
    );
    assert_eq!(
        machine.read("etc/apt/sources.list.d/nvidia-container-toolkit.list"),
        "deb [signed-by=/etc/apt/keyrings/nvidia-container-toolkit.asc] \
         https://nvidia.github.io/libnvidia-container/stable/deb/$(ARCH) /\n"
    );

    let without_compose = "eval \"original_$(declare -f docker)\"
        docker() { [[ $* != 'compose version' ]] && original_docker \"$@\"; }
        apt-get() { [[ $* == *' update '* ]] && return; echo \"E: Unable to locate package ${@: -1}\"; false; }";
    let machine = run(&vllm(), without_compose);
    let downloads = machine.calls_of("curl");
    assert!(
        downloads[0].ends_with("/docker-compose-linux-x86_64"),
        "{downloads:?}"
    );
    assert_eq!(machine.outcome(), ["GEUSEMAKER:READY"]);

    let machine = run(&vllm(), &format!("{without_compose}\ncurl() {{ false; }}"));
    assert_eq!(
        machine.outcome(),
        [
            "GEUSEMAKER:FAILED the machine: Docker Compose could not be installed: E: Unable to locate package \
          docker-compose-v2"
        ]
    );
}

#[test]
fn docker_gets_runtime_of_nvidia() {
    let functions = "eval \"original_$(declare -f docker)\"
        docker() { [[ $1 == info ]] || original_docker \"$@\"; }";
    let machine = run(&vllm(), functions);
    let calls = machine.calls();
    let configured = calls
        .iter()
        .position(|call| call == "nvidia-ctk runtime configure --runtime=docker");
    let restarted = calls
        .iter()
        .position(|call| call == "systemctl restart docker");
    let reloaded = calls
        .iter()
        .position(|call| call == "systemctl daemon-reload");
    assert!(
        configured.is_some() && configured < restarted && restarted < reloaded,
        "{calls:?}"
    );
    let no_gpus = Container {
        gpus: Gpus::None,
        ..container("a", 1, "a")
    };
    let machine = run(&script(&[no_gpus], GpuMaker::Nvidia, true), functions);
    assert!(machine.calls_of("nvidia-ctk runtime").is_empty());
}

#[test]
fn units_start_docker_after_storage() {
    let machine = run(&vllm(), "");
    let docker = machine.read("etc/systemd/system/docker.service.d/geusemaker.conf");
    assert!(
        docker
            .contains("\nRequires=geusemaker-storage.service\nAfter=geusemaker-storage.service\n")
    );
    let services = machine.read("etc/systemd/system/geusemaker.service");
    assert!(
        services
            .contains("\nExecStart=/bin/bash /opt/geusemaker/run services\nRestart=on-failure\n")
    );
    let storage = machine.read("etc/systemd/system/geusemaker-storage.service");
    assert!(
        storage.contains("\nBefore=docker.service\n")
            && storage.contains("\nWantedBy=multi-user.target\n")
    );
}

/// Returns the last line of the console after `docker pull` has said this and failed.
fn failed_pull(message: &str) -> String {
    let functions = format!(
        "pull_image() {{ echo {} >&2; return 1; }}",
        quote(message.to_owned())
    );
    let machine = run(&vllm(), &functions);
    assert_eq!(machine.calls_of(PULL).len(), 1, "{message}");
    assert_eq!(machine.ended(), ["storage 0", "services 1"]);
    let mut outcome = machine.outcome();
    assert_eq!(outcome.len(), 1, "{outcome:?}");
    outcome.remove(0)
}

#[test]
fn impossible_pull_fails_at_once() {
    assert_eq!(
        failed_pull(
            "Error response from daemon: manifest for a/vllm:1 not found: manifest unknown"
        ),
        "GEUSEMAKER:FAILED vllm: image not found: manifest for a/vllm:1 not found: manifest unknown"
    );
    assert_eq!(
        failed_pull("no matching manifest for linux/arm64/v8 in the manifest list entries\n\n"),
        "GEUSEMAKER:FAILED vllm: image not found: no matching manifest for linux/arm64/v8 in the manifest list entries"
    );
    assert_eq!(
        failed_pull(
            "Error response from daemon: pull access denied for a/vllm, repository does not exist"
        ),
        "GEUSEMAKER:FAILED vllm: access to the image denied: pull access denied for a/vllm, repository does not exist"
    );
    assert_eq!(
        failed_pull("Error response from daemon: Head \"https://ghcr.io/v2/\": unauthorized"),
        "GEUSEMAKER:FAILED vllm: access to the image denied: Head \"https://ghcr.io/v2/\": unauthorized"
    );
    assert_eq!(
        failed_pull("write /var/lib/docker/tmp/x: no space left on device"),
        "GEUSEMAKER:FAILED vllm: no space left on the disk for the image a/vllm:1"
    );
}

#[test]
fn failed_pull_is_tried_again() {
    let after = |seconds: u32, message: &str| {
        format!(
            "pull_image() {{ ((SECONDS >= {seconds})) || {{ echo '{message}' >&2; return 1; }}; }}"
        )
    };
    for message in [
        "toomanyrequests: unauthenticated pull rate limit",
        "net/http: TLS handshake timeout",
    ] {
        let machine = run(&vllm(), &after(30, message));
        // After 0, 5, 15 and 35 seconds.
        assert_eq!(machine.calls_of(PULL).len(), 4);
        assert_eq!(machine.outcome(), ["GEUSEMAKER:READY"]);
    }
    let machine = run(
        &vllm(),
        &after(1000, "dial tcp: lookup ghcr.io: no such host"),
    );
    assert_eq!(machine.calls_of(PULL).len(), 6);
    assert_eq!(
        machine.outcome(),
        [
            "GEUSEMAKER:FAILED vllm: the image could not be pulled: dial tcp: lookup ghcr.io: no such host"
        ]
    );
}

#[test]
fn late_mount_target_is_awaited() {
    let functions = |seconds: u32, message: &str| {
        format!(
            "can_mount() {{ ((SECONDS >= {seconds})) || {{ echo '{message}' >&2; return 32; }}; }}"
        )
    };
    let resolve = "mount.nfs4: Failed to resolve server";
    let machine = run(&vllm(), &functions(890, resolve));
    assert_eq!(machine.outcome(), ["GEUSEMAKER:READY"]);

    // Docker waits for the mount, so it is tried until it succeeds.
    let machine = Machine::new(&functions(1200, resolve)).for_seconds(1300);
    machine.first_start(&vllm());
    assert_eq!(
        machine.outcome(),
        [
            "GEUSEMAKER:FAILED the shared file system: not mounted after 15 minutes: mount.nfs4: Failed to resolve server",
            "GEUSEMAKER:READY"
        ]
    );
    let machine = Machine::new(&functions(
        9999,
        "mount.nfs4: access denied by server while mounting",
    ))
    .for_seconds(200);
    machine.first_start(&vllm());
    assert_eq!(
        machine.outcome(),
        [
            "GEUSEMAKER:FAILED the shared file system: the mount was refused: mount.nfs4: access denied by server while \
          mounting"
        ]
    );
    assert_eq!(machine.ended(), ["storage 99"]);
    assert!(machine.calls_of("docker").is_empty());
}

#[test]
fn known_address_replaces_unknown_name() {
    let script = vllm().replace("mount_target_ip=''", "mount_target_ip='10.0.0.7'");
    let machine = run(&script, "");
    assert!(machine.calls_of("mount")[0].contains(" fs-0a1.efs.us-east-1.amazonaws.com:/ "));
    let machine = run(&script, "getent() { return 2; }");
    assert!(machine.calls_of("mount")[0].contains(" 10.0.0.7:/ "));
    let machine = Machine::new("getent() { return 2; }").without("");
    machine.first_start(&script);
    assert!(machine.calls_of("mount")[0].contains("_netdev,mounttargetip=10.0.0.7 fs-0a1:/ "));
}

#[test]
fn folders_belong_to_their_users() {
    let services = [
        Container {
            user: Some("2000:100".to_owned()),
            volumes: vec![
                mount("/mnt/shared/a", "/data"),
                mount("/var/lib/geusemaker/a/b", "/b"),
            ],
            ..container("a", 1, "a")
        },
        container("db", 2, "postgres"),
        container("c", 3, "c"),
    ];
    let script = script(&services, GpuMaker::Nvidia, false);
    let machine = run(&script, "");
    assert_eq!(
        machine.calls_of("chown"),
        [
            "chown 2000:100 /mnt/shared/a",
            "chown 2000:100 /var/lib/geusemaker/a/b",
            "chown 999:999 /mnt/shared/db"
        ]
    );
    assert!(machine.path("mnt/shared/c").is_dir());
    let machine = run(&script, "stat() { echo 70; }");
    assert_eq!(machine.calls_of("chown").len(), 2);
}

/// Returns a script with a shared and a local volume of one user, and a shared volume of another.
fn script_with_access_points() -> String {
    let service = |name, user: &str, port, volumes| Container {
        user: Some(user.to_owned()),
        volumes,
        ..container(name, port, "a/b")
    };
    let a = vec![
        mount("/mnt/shared/a", "/data"),
        mount("/var/lib/geusemaker/a/b", "/b"),
    ];
    let c = vec![mount("/mnt/shared/c", "/data")];
    access_point_script(&[
        service("a", "1000:100", 1, a),
        service("c", "2000:200", 2, c),
    ])
}

/// The whole file system is not mounted, and no folder of an access point is given away: EFS would refuse it.
#[test]
fn access_points_are_mounted_alone() {
    let script = script_with_access_points();
    let machine = Machine::new("").without("");
    machine.first_start(&script);
    assert_eq!(machine.outcome(), ["GEUSEMAKER:READY"]);
    let mounts = [
        "mount -t efs -o tls,accesspoint=fsap-01,noresvport,_netdev fs-0a1:/ /mnt/shared/a",
        "mount -t efs -o tls,accesspoint=fsap-02,noresvport,_netdev fs-0a1:/ /mnt/shared/c",
    ];
    assert_eq!(machine.calls_of("mount"), mounts);
    assert_eq!(
        machine.calls_of("chown"),
        ["chown 1000:100 /var/lib/geusemaker/a/b"]
    );
    let docker = machine.read("etc/systemd/system/docker.service.d/geusemaker-access-points.conf");
    assert!(
        docker.ends_with("\nRequiresMountsFor=/mnt/shared/a /mnt/shared/c\n"),
        "{docker}"
    );
    machine.start_again();
    assert_eq!(machine.calls_of("mount"), mounts);
}

#[test]
fn access_points_need_efs_utils() {
    let script = script_with_access_points();
    let machine = Machine::new("").without("apt-get mount.efs");
    machine.first_start(&script);
    assert_eq!(
        machine.calls_of("dnf"),
        ["dnf -qy install amazon-efs-utils"]
    );
    assert_eq!(machine.calls_of("mount").len(), 2);

    let functions = "apt-get() {
        [[ $* == *' update '* ]] || { echo 'E: Unable to locate package amazon-efs-utils'; false; }
    }";
    let machine = run(&script, functions);
    assert_eq!(
        machine.outcome(),
        [
            "GEUSEMAKER:FAILED the machine: amazon-efs-utils could not be installed: E: Unable to locate package \
          amazon-efs-utils"
        ]
    );
    assert!(machine.calls_of("mount").is_empty() && machine.ended().is_empty());
}

#[test]
fn refused_access_point_is_reported() {
    let refused = "can_mount() {
        [[ $* != *fsap-02* ]] || { echo 'mount.nfs4: access denied by server while mounting 127.0.0.1:/'; return 32; }
    }";
    let machine = Machine::new(refused).without("").for_seconds(200);
    machine.first_start(&script_with_access_points());
    assert_eq!(
        machine.outcome(),
        [
            "GEUSEMAKER:FAILED the shared file system: the mount was refused: mount.nfs4: access denied by server while \
          mounting 127.0.0.1:/"
        ]
    );
    assert_eq!(machine.calls_of("mount").len(), 1);
    assert!(machine.calls_of("docker").is_empty());
}

const FOUR_DISKS: &str = r"lsblk() {
    if [[ $* == *MODEL* ]]; then
      printf '%s\n' '/dev/nvme0n1 Amazon\x20Elastic\x20Block\x20Store' \
        '/dev/nvme1n1 Amazon\x20EC2\x20NVMe\x20Instance\x20Storage' \
        '/dev/nvme2n1 Amazon\x20EC2\x20NVMe\x20Instance\x20Storage'
    fi
  }";

fn scratch_script() -> String {
    let service = Container {
        volumes: vec![mount("/mnt/scratch/a/data", "/data")],
        ..container("a", 1, "a")
    };
    script(&[service], GpuMaker::Nvidia, false)
}

#[test]
fn scratch_is_on_instance_disks() {
    let target = |machine: &Machine| {
        assert!(machine.path("mnt/scratch/a/data").is_dir());
        let target = std::fs::read_link(machine.path("mnt/scratch")).unwrap();
        target
            .to_str()
            .unwrap()
            .replace(machine.path("").to_str().unwrap(), "/")
    };
    let machine = run(&scratch_script(), "");
    assert_eq!(target(&machine), "/var/lib/geusemaker-scratch");

    let mounted = "mountpoint() { [[ $2 == */opt/dlami/nvme ]] || grep -qx \"$2\" \"$ROOT/mounts\" 2>/dev/null; }";
    let machine = run(&scratch_script(), mounted);
    assert_eq!(target(&machine), "/opt/dlami/nvme");

    let machine = run(&scratch_script(), FOUR_DISKS);
    assert_eq!(target(&machine), "/mnt/instance-store");
    assert_eq!(
        machine.calls_of("m")[..3],
        [
            "mdadm --create /dev/md/geusemaker --run --homehost=any --level=0 --raid-devices=2 /dev/nvme1n1 \
             /dev/nvme2n1",
            "mkfs.ext4 -q -F -L geusemaker -E nodiscard /dev/md/geusemaker",
            "mount -o noatime /dev/md/geusemaker /mnt/instance-store",
        ]
    );
    let machine = run(
        &scratch_script(),
        &format!("{FOUR_DISKS}\nmdadm() {{ false; }}"),
    );
    assert_eq!(target(&machine), "/var/lib/geusemaker-scratch");
    assert_eq!(machine.outcome(), ["GEUSEMAKER:READY"]);
}

#[test]
fn stopped_machine_starts_again() {
    let machine = run(&scratch_script(), FOUR_DISKS);
    std::fs::remove_dir_all(machine.path("mnt/instance-store")).unwrap();
    machine.start_again();
    assert_eq!(
        machine.console(),
        [
            "GEUSEMAKER:STAGE 2/5 mounting the shared file system",
            "GEUSEMAKER:STAGE 3/5 pulling a (1 of 1)",
            "GEUSEMAKER:STAGE 4/5 starting a",
            "GEUSEMAKER:STAGE 5/5 waiting until all containers stay up",
            "GEUSEMAKER:READY",
        ]
    );
    let calls = machine.calls();
    assert!(
        calls[0].starts_with("mdadm --create") && calls[1].starts_with("mkfs.ext4"),
        "{calls:?}"
    );
    assert!(machine.path("mnt/scratch/a/data").is_dir());
    // The images are there, and the registry may not be.
    assert!(machine.calls_of("docker pull").is_empty());
    assert!(machine.calls_of("systemctl").is_empty());

    let machine = Machine::new(&format!("{FOUR_DISKS}\nblkid() {{ echo /dev/md127; }}"));
    machine.first_start(&scratch_script());
    assert!(
        machine.calls_of("mkfs.ext4").is_empty(),
        "a restart keeps the disks"
    );
}

#[test]
fn container_that_cannot_start_is_reported() {
    let functions = "up() { printf ' Container vllm Starting\\nError response from daemon: port is already allocated\\n' >&2
        return 1; }
        log() { echo old; }";
    assert_eq!(
        run(&vllm(), functions).outcome(),
        [
            "GEUSEMAKER:LOG vllm: old",
            "GEUSEMAKER:FAILED vllm: the container did not start: port is already allocated"
        ]
    );
    let machine = run(
        &vllm(),
        "up() { echo 'mkdir /var/lib/docker: no space left on device'; return 1; }",
    );
    assert_eq!(
        machine.outcome(),
        ["GEUSEMAKER:FAILED vllm: no space left on the disk"]
    );
}

#[test]
fn ended_container_is_reported_with_log() {
    let functions = |state: &str| {
        format!(
            "state() {{ echo '{state}'; }}
             log() {{ seq 18; printf '\\e[31mred\\e[0m\\a\\n50%%\\r\\n 1%%\\r99%%\\n\\nGEUSEMAKER:READY\\n'; }}"
        )
    };
    let machine = run(&vllm(), &functions("exited 0 3 false no"));
    let outcome = machine.outcome();
    assert_eq!(
        outcome[17..21],
        [
            "GEUSEMAKER:LOG vllm: 18",
            "GEUSEMAKER:LOG vllm: red",
            "GEUSEMAKER:LOG vllm: 50%",
            "GEUSEMAKER:LOG vllm: 99%"
        ]
    );
    assert_eq!(outcome[21], "GEUSEMAKER:LOG vllm: GEUSEMAKER READY");
    assert_eq!(
        outcome[22],
        "GEUSEMAKER:FAILED vllm: the container exits with code 3"
    );
    // Again every ten minutes, and the others are still watched.
    assert_eq!(
        outcome
            .iter()
            .filter(|line| line.contains(":FAILED "))
            .count(),
        2
    );
    assert_eq!(machine.ended(), ["storage 0", "services 99"]);

    let failure = |state: &str| {
        let outcome = run(&vllm(), &functions(state)).outcome();
        outcome
            .into_iter()
            .find(|line| !line.contains(":LOG "))
            .unwrap()
    };
    assert_eq!(
        failure("exited 0 137 true no"),
        "GEUSEMAKER:FAILED vllm: out of memory"
    );
    assert_eq!(
        failure("exited 0 0 false no"),
        "GEUSEMAKER:READY",
        "a job that has done its work"
    );
    assert_eq!(
        failure("exited 0 0 false unless-stopped"),
        "GEUSEMAKER:FAILED vllm: the container exits with code 0"
    );
}

#[test]
fn gpu_memory_ends_wait_at_first_exit() {
    for message in [
        "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.",
        "ggml_backend_cuda_buffer_type_alloc_buffer: allocating 9 MiB: cudaMalloc failed: out of memory",
    ] {
        let functions = format!(
            "state() {{ echo \"running $((SECONDS >= 200)) 0 false unless-stopped\"; }}
             log() {{ echo '{message}'; }}"
        );
        let machine = Machine::new(&functions).for_seconds(400);
        machine.first_start(&vllm());
        assert_eq!(
            machine.outcome(),
            [
                "GEUSEMAKER:READY",
                &format!("GEUSEMAKER:LOG vllm: {message}"),
                "GEUSEMAKER:FAILED vllm: out of GPU memory (restarts: 1)"
            ]
        );
    }
}

#[test]
fn restarts_in_loop_are_reported() {
    // Docker doubles the pause between two restarts.
    let functions = "state() {
          local n=0 at=1
          while ((at <= SECONDS)); do n=$((n + 1)) at=$((at * 2)); done
          echo \"restarting $n 1 false unless-stopped\"
        }
        log() { echo 'KeyError: x'; }";
    let machine = Machine::new(functions).for_seconds(500);
    machine.first_start(&vllm());
    // On a slow machine the script looks a second or two later, and counts one restart less.
    let failed = |restarts| {
        format!("GEUSEMAKER:FAILED vllm: the container exits with code 1 (restarts: {restarts})")
    };
    let outcome = machine.outcome();
    assert_eq!(outcome[0], "GEUSEMAKER:LOG vllm: KeyError: x");
    assert!([failed(6), failed(7)].contains(&outcome[1]), "{outcome:?}");
    assert_eq!(outcome.len(), 2);
}

/// A program that loads for six minutes before it dies is caught too. Docker has forgotten its exit code by then.
#[test]
fn slow_restarts_are_reported() {
    let functions = "state() { echo \"running $((SECONDS / 360)) 0 false unless-stopped\"; }
        eval \"original_$(declare -f docker)\"
        docker() { if [[ $1 == events ]]; then echo 2; else original_docker \"$@\"; fi; }";
    let machine = Machine::new(functions).for_seconds(1500);
    machine.first_start(&vllm());
    assert_eq!(
        machine.outcome(),
        [
            "GEUSEMAKER:READY",
            "GEUSEMAKER:FAILED vllm: the container exits with code 2 (restarts: 3)"
        ]
    );
}

/// AWS says two minutes before that it takes a spot instance back: the services stop cleanly, and are not started again.
#[test]
fn spot_notice_stops_services() {
    let functions = "curl() {
          record curl \"${@: -1}\"
          [[ $* != */api/token ]] || { echo token; return; }
          ((SECONDS >= 100)) || return 22
          echo '{\"action\": \"terminate\", \"time\": \"2026-11-26T22:40:00Z\"}'
        }";
    let machine = Machine::new(functions).for_seconds(400);
    let spot = spot_script(&[container("vllm", 8000, "a/vllm:1")]);
    machine.first_start(&spot);
    assert_eq!(
        machine.outcome(),
        [
            "GEUSEMAKER:READY",
            "GEUSEMAKER:FAILED the machine: AWS takes this spot instance back at 2026-11-26T22:40:00Z, so its services \
             were stopped"
        ]
    );
    assert_eq!(machine.ended(), ["storage 0", "services 0"]);
    let stop = "docker compose -f /opt/geusemaker/compose.json stop -t 90";
    assert_eq!(machine.calls_of(stop).len(), 1);

    let machine = Machine::new(functions).for_seconds(400);
    machine.first_start(&vllm());
    assert_eq!(
        machine.outcome(),
        ["GEUSEMAKER:READY"],
        "an on-demand instance"
    );
}

/// A program that ends until its database answers is not a failure.
#[test]
fn early_restarts_are_forgiven() {
    let functions =
        "state() { echo \"running $((SECONDS < 40 ? SECONDS / 8 : 5)) 0 false unless-stopped\"; }";
    let machine = run(&vllm(), functions);
    assert_eq!(machine.outcome(), ["GEUSEMAKER:READY"]);
}

#[test]
fn container_without_gpus_is_recreated_once() {
    let lost = "Failed to initialize NVML: Unknown Error";
    let functions = |cured: &str| {
        format!(
            "inside() {{ [[ -e $ROOT/recreated ]] && {cured} || {{ echo '{lost}'; return 255; }}; }}
             up() {{ [[ ${{FUNCNAME[*]}} != *check_gpus_inside* ]] || touch \"$ROOT/recreated\"; }}"
        )
    };
    let recreate =
        "docker compose -f /opt/geusemaker/compose.json up -d --no-deps --force-recreate vllm";
    let machine = run(&vllm(), &functions("echo 'GPU 0: NVIDIA A10G'"));
    assert_eq!(machine.outcome(), ["GEUSEMAKER:READY"]);
    assert_eq!(machine.calls_of(recreate).len(), 1);
    let machine = run(&vllm(), &functions("false"));
    assert_eq!(
        machine.outcome(),
        [format!(
            "GEUSEMAKER:FAILED vllm: the container sees no GPU: {lost}"
        )]
    );
    for skipped in [
        "echo 'exec: \"nvidia-smi\": executable file not found in $PATH'; return 127",
        "echo 'Error response from daemon: container 1 is not running'; return 1",
    ] {
        let machine = run(&vllm(), &format!("inside() {{ {skipped}; }}"));
        assert_eq!(machine.outcome(), ["GEUSEMAKER:READY"]);
    }
}

#[test]
fn amd_container_needs_no_nvidia() {
    let script = script(&[container("comfy", 8188, "a")], GpuMaker::Amd, false);
    let machine = Machine::new("").without("mount.efs nvidia-ctk nvidia-smi");
    std::fs::write(machine.path("dev/dri/renderD128"), "").unwrap();
    machine.first_start(&script);
    assert_eq!(machine.outcome(), ["GEUSEMAKER:READY"]);
    assert_eq!(
        machine.calls_of("chmod"),
        ["chmod 666 /dev/kfd /dev/dri/renderD128"]
    );
    assert!(machine.calls_of("nvidia").is_empty() && machine.calls_of("docker exec").is_empty());
}

#[test]
fn gpus_are_reported_twice() {
    let report = |nvidia_smi: &str| {
        let machine = run(&vllm(), &format!("nvidia-smi() {{ {nvidia_smi}; }}"));
        let console = machine.read("dev/console");
        assert_eq!(console.matches("GEUSEMAKER:GPU ").count(), 2, "{console}");
        GpuReport::find_in(&console)
    };
    assert_eq!(
        report(r"echo 'NVIDIA A10G, 23028 MiB, 595.91.07'"),
        Some(GpuReport::new(1, "NVIDIA A10G").with_driver("23028 MiB", "595.91.07"))
    );
    assert_eq!(
        report(r"printf 'Tesla T4, 15360 MiB, 580\nTesla T4, 15360 MiB, 580\n'"),
        Some(GpuReport::new(2, "Tesla T4").with_driver("15360 MiB", "580"))
    );
    assert_eq!(
        report("((SECONDS >= 30)) && echo L4"),
        Some(GpuReport::new(1, "L4"))
    );
    assert_eq!(report("echo no driver; false"), Some(GpuReport::new(0, "")));
    assert_eq!(report("true"), Some(GpuReport::new(0, "")));

    let machine = run(
        &script(&[container("a", 1, "a")], GpuMaker::Nvidia, false),
        "",
    );
    assert!(!machine.read("dev/console").contains("GEUSEMAKER:GPU"));
}

#[test]
fn failing_line_is_reported() {
    let machine = Machine::new("");
    std::fs::write(machine.path("etc/systemd/system/docker.service.d"), "").unwrap();
    machine.first_start(&vllm());
    let outcome = machine.outcome();
    let line = outcome[0]
        .strip_prefix("GEUSEMAKER:FAILED the machine: the script failed at line ")
        .and_then(|rest| rest.strip_suffix(" of /opt/geusemaker/run machine"))
        .unwrap_or_else(|| panic!("{outcome:?}"));
    let runner = machine.read("opt/geusemaker/run");
    assert_eq!(
        runner.lines().nth(line.parse::<usize>().unwrap() - 1),
        Some("  mkdir -p /etc/systemd/system/docker.service.d")
    );
    assert_eq!(outcome.len(), 1);

    let machine = run(
        &vllm(),
        "chown() { false; }\nmkdir() { [[ $2 != *vllm ]] && env mkdir \"$@\"; }",
    );
    assert!(machine.outcome()[0].ends_with(" of /opt/geusemaker/run storage"));
    assert_eq!(machine.ended(), ["storage 1"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// The shell that writes the Compose file changes nothing in it.
    #[test]
    fn any_text_passes_the_shell(
        text in prop_oneof![any::<String>(), "(\\$|\\$\\(id\\)|'|\"|`|\\\\|\n|\r|\nEND-OF-COMPOSE\n|é)*"],
    ) {
        let text = text.replace('\0', "");
        let service = Container {
            command: Some(vec![&text]),
            env: [("A", text.as_str())].into(),
            ..container("a", 1, "a")
        };
        let machine = Machine::new("systemctl() { exit 0; }");
        machine.first_start(&script(&[service], GpuMaker::Nvidia, false));
        let compose = std::fs::read_to_string(machine.path("opt/geusemaker/compose.json")).unwrap();
        let file: Value = serde_json::from_str(&compose).unwrap();
        let service = &file["services"]["a"];
        let read = |value: &Value| value.as_str().unwrap().replace("$$", "$");
        prop_assert_eq!(read(&service["command"][0]), text.as_str());
        prop_assert_eq!(read(&service["environment"]["A"]), text.as_str());
    }
}
