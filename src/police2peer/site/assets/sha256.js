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

  // 6.2.2: whole blocks of 64 bytes, eight rounds at a time so that no variable has to move.
  function compress(h, view, from, to) {
    const W = compress.W;
    for (let at = from; at < to; at += 64) {
      for (let i = 0; i < 16; i++) W[i] = view.getInt32(at + i * 4);
      for (let i = 16; i < 64; i++) {
        const x = W[i - 15], y = W[i - 2];
        W[i] = (W[i - 16] + ((x >>> 7 | x << 25) ^ (x >>> 18 | x << 14) ^ x >>> 3) + W[i - 7] +
          ((y >>> 17 | y << 15) ^ (y >>> 19 | y << 13) ^ y >>> 10)) | 0;
      }
      let a = h[0], b = h[1], c = h[2], d = h[3], e = h[4], f = h[5], g = h[6], z = h[7], t = 0;
      for (let i = 0; i < 64; i += 8) {
        t = (z + ((e >>> 6 | e << 26) ^ (e >>> 11 | e << 21) ^ (e >>> 25 | e << 7)) + (g ^ e & (f ^ g)) + K[i] + W[i]) | 0;
        d = (d + t) | 0;
        z = (t + ((a >>> 2 | a << 30) ^ (a >>> 13 | a << 19) ^ (a >>> 22 | a << 10)) + (a & b | c & (a | b))) | 0;
        t = (g + ((d >>> 6 | d << 26) ^ (d >>> 11 | d << 21) ^ (d >>> 25 | d << 7)) + (f ^ d & (e ^ f)) + K[i + 1] + W[i + 1]) | 0;
        c = (c + t) | 0;
        g = (t + ((z >>> 2 | z << 30) ^ (z >>> 13 | z << 19) ^ (z >>> 22 | z << 10)) + (z & a | b & (z | a))) | 0;
        t = (f + ((c >>> 6 | c << 26) ^ (c >>> 11 | c << 21) ^ (c >>> 25 | c << 7)) + (e ^ c & (d ^ e)) + K[i + 2] + W[i + 2]) | 0;
        b = (b + t) | 0;
        f = (t + ((g >>> 2 | g << 30) ^ (g >>> 13 | g << 19) ^ (g >>> 22 | g << 10)) + (g & z | a & (g | z))) | 0;
        t = (e + ((b >>> 6 | b << 26) ^ (b >>> 11 | b << 21) ^ (b >>> 25 | b << 7)) + (d ^ b & (c ^ d)) + K[i + 3] + W[i + 3]) | 0;
        a = (a + t) | 0;
        e = (t + ((f >>> 2 | f << 30) ^ (f >>> 13 | f << 19) ^ (f >>> 22 | f << 10)) + (f & g | z & (f | g))) | 0;
        t = (d + ((a >>> 6 | a << 26) ^ (a >>> 11 | a << 21) ^ (a >>> 25 | a << 7)) + (c ^ a & (b ^ c)) + K[i + 4] + W[i + 4]) | 0;
        z = (z + t) | 0;
        d = (t + ((e >>> 2 | e << 30) ^ (e >>> 13 | e << 19) ^ (e >>> 22 | e << 10)) + (e & f | g & (e | f))) | 0;
        t = (c + ((z >>> 6 | z << 26) ^ (z >>> 11 | z << 21) ^ (z >>> 25 | z << 7)) + (b ^ z & (a ^ b)) + K[i + 5] + W[i + 5]) | 0;
        g = (g + t) | 0;
        c = (t + ((d >>> 2 | d << 30) ^ (d >>> 13 | d << 19) ^ (d >>> 22 | d << 10)) + (d & e | f & (d | e))) | 0;
        t = (b + ((g >>> 6 | g << 26) ^ (g >>> 11 | g << 21) ^ (g >>> 25 | g << 7)) + (a ^ g & (z ^ a)) + K[i + 6] + W[i + 6]) | 0;
        f = (f + t) | 0;
        b = (t + ((c >>> 2 | c << 30) ^ (c >>> 13 | c << 19) ^ (c >>> 22 | c << 10)) + (c & d | e & (c | d))) | 0;
        t = (a + ((f >>> 6 | f << 26) ^ (f >>> 11 | f << 21) ^ (f >>> 25 | f << 7)) + (z ^ f & (g ^ z)) + K[i + 7] + W[i + 7]) | 0;
        e = (e + t) | 0;
        a = (t + ((b >>> 2 | b << 30) ^ (b >>> 13 | b << 19) ^ (b >>> 22 | b << 10)) + (b & c | d & (b | c))) | 0;
      }
      h[0] += a; h[1] += b; h[2] += c; h[3] += d; h[4] += e; h[5] += f; h[6] += g; h[7] += z;
    }
  }
  compress.W = new Int32Array(64);

  // 5.1.1: a one bit, zeros, and the length in bits in the last eight bytes.
  function padding(size) {
    const view = new DataView(new ArrayBuffer(9 + (119 - size % 64) % 64));
    view.setUint8(0, 128);
    view.setUint32(view.byteLength - 8, Math.floor(size / 536870912));
    view.setUint32(view.byteLength - 4, (size % 536870912) * 8);
    return new Uint8Array(view.buffer);
  }

  // Bytes come in pieces of any length; what does not fill a block waits in `rest`.
  function take(state, bytes) {
    let at = 0;
    if (state.waiting) {
      at = Math.min(64 - state.waiting, bytes.length);
      state.rest.set(bytes.subarray(0, at), state.waiting);
      state.waiting += at;
      if (state.waiting < 64) return;
      compress(state.h, new DataView(state.rest.buffer), 0, 64);
    }
    const whole = bytes.length - (bytes.length - at) % 64;
    compress(state.h, new DataView(bytes.buffer, bytes.byteOffset), at, whole);
    state.rest.set(bytes.subarray(whole));
    state.waiting = bytes.length - whole;
  }

  self.onmessage = async ({ data: file }) => {
    const state = { h: H.slice(), rest: new Uint8Array(64), waiting: 0 };
    let done = 0;
    let told = 0;
    try {
      const reader = file.stream().getReader();
      for (let piece; !(piece = await reader.read()).done;) {
        take(state, piece.value);
        done += piece.value.length;
        if (done - told > 8388608) self.postMessage({ done: told = done });
      }
      take(state, padding(done));
      const digest = new DataView(new ArrayBuffer(32));
      state.h.forEach((word, i) => digest.setInt32(i * 4, word));
      self.postMessage({ digest: digest.buffer });
    } catch {
      self.postMessage({ digest: null });
    }
  };
}
