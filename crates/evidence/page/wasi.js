// As much of WASI preview 1 as the verifier needs: arguments, a clock and randomness that stand still, two output streams,
// and files that are read where they lie. `files`: name to { size, read(offset, length) -> Uint8Array }.
// Source: the WASI snapshot preview 1 witx (github.com/WebAssembly/WASI, legacy/preview1).
function run(module, args, files) {
  const OK = 0, BADF = 8, NOENT = 44, NOSYS = 52;
  const ROOT = 3;
  const open = new Map();
  const output = { 1: [], 2: [] };
  let memory, next = ROOT + 1;
  const view = () => new DataView(memory.buffer);
  const bytes = (at, length) => new Uint8Array(memory.buffer, at, length);
  const encoder = new TextEncoder(), decoder = new TextDecoder();
  class Exit extends Error { constructor(code) { super(); this.code = code; } }

  const texts = (list) => ({
    sizes(count, size) {
      view().setUint32(count, list.length, true);
      view().setUint32(size, list.reduce((sum, text) => sum + encoder.encode(text).length + 1, 0), true);
      return OK;
    },
    get(pointers, buffer) {
      for (const text of list) {
        const encoded = encoder.encode(text + '\0');
        view().setUint32(pointers, buffer, true);
        bytes(buffer, encoded.length).set(encoded);
        pointers += 4;
        buffer += encoded.length;
      }
      return OK;
    },
  });
  // Each of the scattered buffers in turn, until `step` handles less than it was given.
  const each = (list, count, result, step) => {
    let done = 0;
    for (let i = 0; i < count; i++) {
      const at = view().getUint32(list + 8 * i, true), length = view().getUint32(list + 8 * i + 4, true);
      const n = step(at, length);
      done += n;
      if (n < length) break;
    }
    view().setUint32(result, done, true);
    return OK;
  };
  const filestat = (at, type, size) => {
    bytes(at, 64).fill(0);
    view().setUint8(at + 16, type);
    view().setBigUint64(at + 32, BigInt(size), true);
    return OK;
  };
  const argv = texts(args), environment = texts([]);
  const wasi = {
    args_sizes_get: argv.sizes,
    args_get: argv.get,
    environ_sizes_get: environment.sizes,
    environ_get: environment.get,
    clock_time_get: (_id, _precision, at) => (view().setBigUint64(at, 0n, true), OK),
    random_get: (at, length) => (bytes(at, length).fill(7), OK),
    sched_yield: () => OK,
    fd_prestat_get: (fd, at) => {
      if (fd !== ROOT) return BADF;
      view().setUint32(at, 0, true);
      view().setUint32(at + 4, 1, true);
      return OK;
    },
    fd_prestat_dir_name: (fd, at) => (fd === ROOT ? (bytes(at, 1).set([0x2f]), OK) : BADF),
    path_open: (fd, _flags, name, length, _o, _base, _inherit, _fdflags, result) => {
      const file = fd === ROOT && files[decoder.decode(bytes(name, length)).replace(/^\//, '')];
      if (!file) return NOENT;
      open.set(next, { file, at: 0 });
      view().setUint32(result, next++, true);
      return OK;
    },
    path_filestat_get: () => NOSYS,
    fd_fdstat_get: (fd, at) => {
      bytes(at, 24).fill(0);
      view().setUint8(at, fd === ROOT ? 3 : open.has(fd) ? 4 : 2);
      view().setBigUint64(at + 8, 0xffffffffffffffffn, true);
      view().setBigUint64(at + 16, 0xffffffffffffffffn, true);
      return OK;
    },
    fd_fdstat_set_flags: () => OK,
    fd_filestat_get: (fd, at) => (open.has(fd) ? filestat(at, 4, open.get(fd).file.size) : BADF),
    fd_seek: (fd, offset, whence, result) => {
      const handle = open.get(fd);
      if (!handle) return BADF;
      handle.at = Number(offset) + [0, handle.at, handle.file.size][whence];
      view().setBigUint64(result, BigInt(handle.at), true);
      return OK;
    },
    fd_tell: (fd, result) => (view().setBigUint64(result, BigInt(open.get(fd).at), true), OK),
    fd_read: (fd, list, count, result) => {
      const handle = open.get(fd);
      if (!handle) return BADF;
      return each(list, count, result, (at, length) => {
        const read = handle.file.read(handle.at, Math.min(length, Math.max(0, handle.file.size - handle.at)));
        bytes(at, read.length).set(read);
        handle.at += read.length;
        return read.length;
      });
    },
    fd_write: (fd, list, count, result) => {
      if (!output[fd]) return BADF;
      return each(list, count, result, (at, length) => (output[fd].push(bytes(at, length).slice()), length));
    },
    fd_close: (fd) => (open.delete(fd) ? OK : BADF),
    proc_exit: (code) => { throw new Exit(code); },
  };
  const known = new Proxy(wasi, { get: (target, name) => target[name] ?? (() => NOSYS) });
  const wanted = WebAssembly.Module.imports(module).map(({ name }) => [name, known[name]]);
  const instance = new WebAssembly.Instance(module, { wasi_snapshot_preview1: Object.fromEntries(wanted) });
  memory = instance.exports.memory;
  let code = 0;
  try {
    instance.exports._start();
  } catch (error) {
    if (!(error instanceof Exit)) throw error;
    code = error.code;
  }
  const text = (chunks) => chunks.map((chunk) => decoder.decode(chunk, { stream: true })).join('') + decoder.decode();
  return { code, stdout: text(output[1]), stderr: text(output[2]) };
}
