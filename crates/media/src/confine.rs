//! The confinement of the decoder, applied by the child to itself before it becomes ffmpeg.

use crate::{Error, handover, mp4, still};
use landlock::{
    ABI, Access, AccessFs, AccessNet, PathBeneath, PathFd, Ruleset, RulesetAttr, RulesetCreatedAttr,
    RulesetStatus, Scope,
};
use rustix::process::{Resource, Rlimit, Signal, set_parent_process_death_signal, setrlimit};
use seccompiler::{
    SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::Write;
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// First argument by which the program knows that it was started as the launcher.
pub const MARK: &str = "--swordnet-confined-decoder";
/// What the launcher's first line on standard error begins with; the [`Confinement`] follows as JSON.
pub const REPORT: &str = "swordnet-confinement ";
/// Address space beyond the limit of private memory, for the libraries' code and for mappings never touched.
const LIBRARY_SPACE: u64 = 2 << 30;

/// How far this system could confine the decoder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confinement {
    /// Are its files and ports restricted: `full`, `partial` (an older kernel), `none`.
    pub landlock: String,
    /// Is a filter of system calls in force?
    pub seccomp: bool,
}

impl Confinement {
    /// What to tell where it is less than all.
    pub fn note(&self) -> Option<String> {
        (self.landlock != "full" || !self.seccomp).then(|| {
            format!(
                "the decoder was not fully confined: Landlock {}, seccomp {}",
                self.landlock,
                if self.seccomp { "on" } else { "off" }
            )
        })
    }
}

/// A program and what it needs to read in order to start.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Program {
    /// The program.
    pub path: PathBuf,
    /// Its interpreter and shared libraries, or the folders that hold them.
    libraries: Vec<PathBuf>,
}

impl Program {
    /// Asks the dynamic linker for the libraries, as ldd does.
    pub fn at(path: &Path) -> Result<Self, Error> {
        let path = path
            .canonicalize()
            .map_err(|_| Error::Missing(path.display().to_string()))?;
        let listing = Command::new(&path)
            .arg("-version")
            .env_clear()
            .env("LD_TRACE_LOADED_OBJECTS", "1")
            .stdin(Stdio::null())
            .output()
            .map_err(|e| Error::Failed(format!("{}: {e}", path.display())))?;
        let mut libraries: Vec<PathBuf> = String::from_utf8_lossy(&listing.stdout)
            .lines()
            .filter(|line| line.contains(" (0x"))
            .flat_map(|line| line.split_whitespace().find(|word| word.starts_with('/')))
            .map(PathBuf::from)
            .collect();
        if libraries.is_empty() {
            // A linker that cannot list (musl), or a static program that needs none.
            libraries = ["/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib"]
                .map(PathBuf::from)
                .into();
        }
        libraries.push("/etc/ld.so.cache".into());
        // Some builds (7.0's static ones) abort where they cannot draw a seed.
        libraries.push("/dev/urandom".into());
        Ok(Self { path, libraries })
    }
}

/// What is done with the input in confinement.
#[derive(Debug, Serialize, Deserialize)]
pub enum Task {
    /// Become this program.
    Become(Program),
    /// Decode a picture.
    Picture(still::Picture),
    /// Read the facts of an MP4 file.
    Mp4,
}

/// What the launcher is told, as JSON in its second argument.
#[derive(Debug, Serialize, Deserialize)]
pub struct Launch {
    /// What to do.
    pub task: Task,
    /// Bytes of private memory.
    pub memory: u64,
    /// Seconds of CPU time, or [`NO_LIMIT`].
    pub cpu_seconds: u64,
    /// Does a second output lie in standard error?
    pub second: bool,
}

/// A limit that is left as it is.
const NO_LIMIT: u64 = u64::MAX;

/// Call this first in `main`. When the program was started by [`crate::Media`] as the decoder's launcher, this confines the
/// process and becomes ffmpeg, never to return; otherwise it does nothing.
pub fn enter_if_confined() {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_none_or(|first| first != MARK) {
        return;
    }
    let launch = arguments
        .next()
        .and_then(|text| serde_json::from_str(text.to_str()?).ok());
    let ended = match launch {
        Some(launch) => become_decoder(&launch, arguments),
        None => Err("the launcher's instructions do not read".into()),
    };
    if let Err(failure) = &ended {
        let _ = writeln!(std::io::stderr(), "{failure}");
    }
    #[expect(
        clippy::exit,
        reason = "the launcher must not return into a program that it was not started to be"
    )]
    std::process::exit(if ended.is_ok() { 0 } else { 127 })
}

/// Confines this process and does the task; of a program it returns only with what went wrong.
fn become_decoder(
    launch: &Launch,
    arguments: impl Iterator<Item = std::ffi::OsString>,
) -> Result<(), String> {
    let second = launch.second.then(handover::take).transpose();
    let second = second.map_err(|e| e.to_string())?;
    let confinement = confine(launch)?;
    let report = serde_json::to_string(&confinement).unwrap_or_default();
    writeln!(std::io::stderr(), "{REPORT}{report}").map_err(|_| "nobody listens")?;
    match &launch.task {
        Task::Picture(picture) => still::decode(picture).map_err(|e| e.to_string()),
        Task::Mp4 => mp4::tell().map_err(|e| e.to_string()),
        Task::Become(program) => {
            let arguments = arguments.map(|argument| match &second {
                Some(pipe) if argument == handover::SECOND => format!("pipe:{}", pipe.as_raw_fd()).into(),
                _ => argument,
            });
            let error = Command::new(&program.path).args(arguments).exec();
            Err(format!("{} does not start: {error}", program.path.display()))
        }
    }
}

fn confine(launch: &Launch) -> Result<Confinement, String> {
    // A decoder whose parent is killed ends with it.
    set_parent_process_death_signal(Some(Signal::KILL)).map_err(|e| format!("parent's death signal: {e}"))?;
    for (resource, most) in [
        (Resource::Data, launch.memory),
        (Resource::As, launch.memory.saturating_add(LIBRARY_SPACE)),
        (Resource::Cpu, launch.cpu_seconds),
        (Resource::Fsize, 0),
        (Resource::Core, 0),
        (Resource::Nofile, 64),
    ] {
        if most == NO_LIMIT {
            continue;
        }
        setrlimit(
            resource,
            Rlimit {
                current: Some(most),
                maximum: Some(most),
            },
        )
        .map_err(|e| format!("limit {resource:?}: {e}"))?;
    }
    let landlock = restrict_files(&launch.task).unwrap_or_else(|_| "none".into());
    drop_capabilities();
    let seccomp = filter_calls().is_ok();
    Ok(Confinement { landlock, seccomp })
}

const STANDARD_INPUT: &str = "/proc/self/fd/0";

/// Landlock (Linux 5.13; TCP since 6.7, scopes since 6.12): read the input, the libraries and a seed, execute the program; no more. Who becomes
/// no program opens nothing at all.
fn restrict_files(task: &Task) -> Result<String, Box<dyn std::error::Error>> {
    let abi = ABI::V6;
    let mut rules = Ruleset::default()
        .handle_access(AccessFs::from_all(abi))?
        .handle_access(AccessNet::from_all(abi))?
        .scope(Scope::from_all(abi))?
        .create()?;
    if let Task::Become(program) = task {
        // A pipe is read as it is, not opened again, and takes no rule.
        if std::fs::metadata(STANDARD_INPUT)?.is_file() {
            let input = PathFd::new(STANDARD_INPUT)?;
            rules = rules.add_rule(PathBeneath::new(input, AccessFs::ReadFile))?;
        }
        for path in program.libraries.iter().chain([&program.path]) {
            // One that is not there needs no rule.
            if let Ok(file) = PathFd::new(path) {
                let access = AccessFs::ReadFile | AccessFs::Execute;
                rules = rules.add_rule(PathBeneath::new(file, access))?;
            }
        }
    }
    Ok(match rules.restrict_self()?.ruleset {
        RulesetStatus::FullyEnforced => "full",
        RulesetStatus::PartiallyEnforced => "partial",
        RulesetStatus::NotEnforced => "none",
    }
    .into())
}

/// Where the program runs as root: keeps nothing of root's powers but reading, which Landlock narrows to the input.
fn drop_capabilities() {
    use rustix::thread::{CapabilitySet, CapabilitySets, capabilities, set_capabilities};
    if let Ok(held) = capabilities(None) {
        let kept = held.permitted & (CapabilitySet::DAC_READ_SEARCH);
        let sets = CapabilitySets {
            effective: kept,
            permitted: kept,
            inheritable: CapabilitySet::empty(),
        };
        // An unprivileged process has nothing to drop; a refusal leaves what Landlock and seccomp hold anyway.
        let _ = set_capabilities(None, sets);
    }
}

/// Refuses the system calls that a decoder never needs: see seccomp(2), and for the choice the deny lists of systemd's
/// `SystemCallFilter` groups (@network-io, @mount, @privileged, @debug, @io-uring …).
fn filter_calls() -> Result<(), Box<dyn std::error::Error>> {
    let arch = std::env::consts::ARCH.try_into()?;
    let install =
        |rules: BTreeMap<i64, Vec<SeccompRule>>, errno: i32| -> Result<(), Box<dyn std::error::Error>> {
            let action = SeccompAction::Errno(errno.unsigned_abs());
            let filter = SeccompFilter::new(rules, SeccompAction::Allow, action, arch)?;
            let program: seccompiler::BpfProgram = filter.try_into()?;
            Ok(seccompiler::apply_filter(&program)?)
        };
    // The C library falls back from clone3 to clone, whose flags can be looked at, only on ENOSYS.
    install(every(&[libc::SYS_clone3]), libc::ENOSYS)?;
    let mut refused = every(REFUSED);
    #[cfg(target_arch = "x86_64")]
    refused.extend(every(REFUSED_ON_X86));
    let no_thread = SeccompCondition::new(
        0,
        SeccompCmpArgLen::Dword,
        SeccompCmpOp::MaskedEq(libc::CLONE_THREAD as u64),
        0,
    )?;
    refused.insert(libc::SYS_clone, vec![SeccompRule::new(vec![no_thread])?]);
    // Its own limits it may read: the C library does, to size its stacks.
    let other_process = SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Ne, 0)?;
    refused.insert(libc::SYS_prlimit64, vec![SeccompRule::new(vec![other_process])?]);
    install(refused, libc::EPERM)
}

/// Rules that match these calls whatever their arguments, by their x32 numbers too: those share the architecture's tag
/// (seccomp(2), notes), so that a list without them could be walked around.
fn every(calls: &[i64]) -> BTreeMap<i64, Vec<SeccompRule>> {
    const X32: i64 = 0x4000_0000;
    let twice = |&call: &i64| [call, call | X32];
    let count = if cfg!(target_arch = "x86_64") { 2 } else { 1 };
    calls
        .iter()
        .flat_map(|call| twice(call).into_iter().take(count))
        .map(|call| (call, Vec::new()))
        .collect()
}

const REFUSED: &[i64] = &[
    // network and other processes' sockets
    libc::SYS_socket,
    libc::SYS_socketpair,
    libc::SYS_bind,
    libc::SYS_connect,
    libc::SYS_listen,
    libc::SYS_accept,
    libc::SYS_accept4,
    libc::SYS_sendto,
    libc::SYS_sendmsg,
    libc::SYS_sendmmsg,
    libc::SYS_recvfrom,
    libc::SYS_recvmsg,
    libc::SYS_recvmmsg,
    // other processes
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_kill,
    libc::SYS_pidfd_open,
    libc::SYS_pidfd_getfd,
    libc::SYS_pidfd_send_signal,
    libc::SYS_kcmp,
    libc::SYS_setns,
    libc::SYS_unshare,
    libc::SYS_shmget,
    libc::SYS_shmat,
    libc::SYS_msgget,
    libc::SYS_semget,
    libc::SYS_mq_open,
    libc::SYS_tkill,
    libc::SYS_rt_sigqueueinfo,
    libc::SYS_rt_tgsigqueueinfo,
    // code that no file rule sees
    libc::SYS_memfd_create,
    libc::SYS_execveat,
    libc::SYS_open_by_handle_at,
    libc::SYS_name_to_handle_at,
    libc::SYS_userfaultfd,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    // what Landlock does not cover: modes, owners, times, attributes
    libc::SYS_fchmod,
    libc::SYS_fchmodat,
    libc::SYS_fchown,
    libc::SYS_fchownat,
    libc::SYS_utimensat,
    libc::SYS_setxattr,
    libc::SYS_lsetxattr,
    libc::SYS_fsetxattr,
    libc::SYS_removexattr,
    libc::SYS_lremovexattr,
    libc::SYS_fremovexattr,
    libc::SYS_truncate,
    libc::SYS_ftruncate,
    libc::SYS_mknodat,
    libc::SYS_mkdirat,
    libc::SYS_unlinkat,
    libc::SYS_symlinkat,
    libc::SYS_linkat,
    libc::SYS_renameat2,
    // the system
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_move_mount,
    libc::SYS_fsopen,
    libc::SYS_open_tree,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_reboot,
    libc::SYS_kexec_load,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_adjtimex,
    libc::SYS_acct,
    libc::SYS_quotactl,
    libc::SYS_syslog,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_keyctl,
    libc::SYS_personality,
    libc::SYS_capset,
    libc::SYS_setuid,
    libc::SYS_setgid,
    libc::SYS_setresuid,
    libc::SYS_setresgid,
    libc::SYS_setgroups,
];

#[cfg(target_arch = "x86_64")]
const REFUSED_ON_X86: &[i64] = &[
    libc::SYS_fork,
    libc::SYS_vfork,
    libc::SYS_chmod,
    libc::SYS_chown,
    libc::SYS_lchown,
    libc::SYS_utime,
    libc::SYS_utimes,
    libc::SYS_mkdir,
    libc::SYS_rmdir,
    libc::SYS_unlink,
    libc::SYS_symlink,
    libc::SYS_link,
    libc::SYS_rename,
    libc::SYS_renameat,
    libc::SYS_mknod,
    libc::SYS_creat,
    libc::SYS_iopl,
    libc::SYS_ioperm,
    libc::SYS_modify_ldt,
    libc::SYS_kexec_file_load,
    // x32's own numbers of recvfrom, sendmsg, recvmsg, execve, ptrace, process_vm_readv, process_vm_writev, execveat
    517,
    518,
    519,
    520,
    521,
    539,
    540,
    545,
];
