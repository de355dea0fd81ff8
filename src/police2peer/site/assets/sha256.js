// SPDX-License-Identifier: EUPL-1.2
// SHA-256 (FIPS 180-4) of a stream, for files too large for the one-shot digest of WebCrypto.
// `hashing` uses no outer name: its own text is the program of a Worker. It is sent a File, answers {done: bytes}
// now and then, and at the end {digest: ArrayBuffer}, or {digest: null} when the file cannot be read.

function hashing() {
  // FIPS 180-4, 4.2.2 and 5.3.3: fraction bits of cube and square roots of the first primes, computed, not copied.
  const K = new Int32Array(64);
  const H = new Int32Array(8);
  const fraction = (x) => ((x - Math.floor(x)) * 4294967296) | 0;
  for (let n = 2, i = 0; i < 64; n++) {
    let prime = true;
    for (let d = 2; d * d <= n; d++) if (n % d === 0) prime = false;
    if (!prime) continue;
    if (i < 8) H[i] = fraction(Math.sqrt(n));
    K[i++] = fraction(Math.cbrt(n));
  }
  const ROOM = 1048576;

  // 6.2.2 as a WebAssembly module, written here as its bytes: function f(from, to) takes the blocks that lie between
  // two places of the memory m into the state, which is its first eight words. All rounds stand one after another, so
  // that no variable has to move. Source: WebAssembly Core Specification 1.0, section 5 (binary format).
  function assemble() {
    const count = (n) => n < 128 ? [n] : [n & 127 | 128, ...count(n >>> 7)];
    const signed = (n) => n >= -64 && n < 64 ? [n & 127] : [n & 127 | 128, ...signed(n >> 7)];
    const number = (n) => [0x41, ...signed(n | 0)];
    const get = (variable) => [0x20, variable];
    const code = [0x03, 0x40];
    const set = (variable, value) => code.push(...value, 0x21, variable);
    const load = (from, word) => [...from, 0x28, 2, ...count(4 * word)];
    const operator = (byte) => (...terms) => terms.reduce((x, y) => [...x, ...y, byte]);
    const [add, and, or, xor, shift, left, right] = [0x6a, 0x71, 0x72, 0x73, 0x76, 0x77, 0x78].map(operator);
    const turns = (x, ...bits) => xor(...bits.map((bit) => right(x, number(bit))));
    const from = get(0), to = get(1), state = number(0);
    for (let i = 0; i < 8; i++) set(2 + i, load(state, i));
    for (let i = 0; i < 16; i++) {
      // little-endian; the standard counts from the other end
      set(10 + i, load(from, i));
      const word = get(10 + i);
      set(10 + i, or(and(left(word, number(8)), number(0xff00ff)), and(left(word, number(24)), number(0xff00ff00))));
    }
    for (let i = 0; i < 64; i++) {
      const [a, b, c, d, e, f, g, h] = [0, 1, 2, 3, 4, 5, 6, 7].map((k) => 2 + (k - i + 64) % 8);
      const [A, B, C, D, E, F, G, Z] = [a, b, c, d, e, f, g, h].map(get);
      const w = (k) => get(10 + (i + k) % 16);
      if (i > 15) {
        const early = xor(turns(w(1), 7, 18), shift(w(1), number(3)));
        const late = xor(turns(w(14), 17, 19), shift(w(14), number(10)));
        set(10 + i % 16, add(w(0), early, w(9), late));
      }
      set(h, add(Z, turns(E, 6, 11, 25), xor(G, and(E, xor(F, G))), number(K[i]), w(0)));
      set(d, add(D, Z));
      set(h, add(Z, turns(A, 2, 13, 22), xor(B, and(xor(A, B), xor(B, C)))));
    }
    for (let i = 0; i < 8; i++) code.push(...state, ...add(load(state, i), get(2 + i)), 0x36, 2, ...count(4 * i));
    set(0, add(from, number(64)));
    code.push(...from, ...to, 0x49, 0x0d, 0, 0x0b, 0x0b);
    const body = [1, 24, 0x7f, ...code];
    const section = (id, ...bytes) => [id, ...count(bytes.length), ...bytes];
    return new Uint8Array([
      0, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
      // one type: two numbers, no result
      ...section(1, 1, 0x60, 2, 0x7f, 0x7f, 0),
      ...section(3, 1, 0),
      ...section(5, 1, 0, 1 + ROOM / 65536),
      // exports: memory m, function f
      ...section(7, 2, 1, 109, 2, 0, 1, 102, 0, 0),
      ...section(10, 1, ...count(body.length), ...body),
    ]);
  }

  // Gives the state, room for bytes, and what takes the first so many bytes (whole blocks) of the room into the state.
  function quickEngine() {
    const { m, f } = new WebAssembly.Instance(new WebAssembly.Module(assemble())).exports;
    return { state: new Int32Array(m.buffer, 0, 8), room: new Uint8Array(m.buffer, 65536), take: (size) => f(65536, 65536 + size) };
  }

  // The same without WebAssembly, which a careful browser may refuse.
  function plainEngine() {
    const state = new Int32Array(8);
    const room = new Uint8Array(ROOM);
    const view = new DataView(room.buffer);
    const W = new Int32Array(64);
    const turn = (x, n) => x >>> n | x << (32 - n);
    function take(size) {
      for (let at = 0; at < size; at += 64) {
        for (let i = 0; i < 16; i++) W[i] = view.getInt32(at + i * 4);
        for (let i = 16; i < 64; i++) {
          const x = W[i - 15], y = W[i - 2];
          W[i] = W[i - 16] + (turn(x, 7) ^ turn(x, 18) ^ x >>> 3) + W[i - 7] + (turn(y, 17) ^ turn(y, 19) ^ y >>> 10);
        }
        let [a, b, c, d, e, f, g, h] = state;
        for (let i = 0; i < 64; i++) {
          const t = h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + (g ^ e & (f ^ g)) + K[i] + W[i];
          h = g;
          g = f;
          f = e;
          e = (d + t) | 0;
          d = c;
          c = b;
          b = a;
          a = (t + (turn(b, 2) ^ turn(b, 13) ^ turn(b, 22)) + (b & c | d & (b | c))) | 0;
        }
        [a, b, c, d, e, f, g, h].forEach((word, i) => { state[i] += word; });
      }
    }
    return { state, room, take };
  }

  function makeEngine() {
    try {
      return quickEngine();
    } catch {
      return plainEngine();
    }
  }

  // 5.1.1: a one bit, zeros, and the length in bits in the last eight bytes.
  function padding(size) {
    const view = new DataView(new ArrayBuffer(9 + (119 - size % 64) % 64));
    view.setUint8(0, 128);
    view.setUint32(view.byteLength - 8, Math.floor(size / 536870912));
    view.setUint32(view.byteLength - 4, (size % 536870912) * 8);
    return new Uint8Array(view.buffer);
  }

  self.onmessage = async ({ data: file }) => {
    const { state, room, take } = makeEngine();
    state.set(H);
    let filled = 0;
    const put = (bytes) => {
      for (let at = 0; at < bytes.length;) {
        const part = bytes.subarray(at, at + room.length - filled);
        room.set(part, filled);
        at += part.length;
        filled += part.length;
        if (filled < room.length) continue;
        take(filled);
        filled = 0;
      }
    };
    let done = 0;
    let told = 0;
    try {
      const reader = file.stream().getReader();
      let next = reader.read();
      for (let piece; !(piece = await next).done;) {
        // the disk works while we do
        next = reader.read();
        put(piece.value);
        done += piece.value.length;
        if (done - told > 8388608) self.postMessage({ done: told = done });
      }
      put(padding(done));
      take(filled);
      const digest = new DataView(new ArrayBuffer(32));
      state.forEach((word, i) => digest.setInt32(i * 4, word));
      self.postMessage({ digest: digest.buffer });
    } catch {
      self.postMessage({ digest: null });
    }
  };
}
