// libwebrtc's part of the benchmarks (bench/README.md): both ends in one process over loopback. Takes the commands that
// bench/datachannel/cortc.cpp and bench/ice_restart take, and prints the same figures.
'use strict';
const fs = require('fs');
const { RTCPeerConnection } = require('@roamhq/wrtc');

const sleep = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1e3));
const cpuSeconds = () => { const used = process.cpuUsage(); return (used.user + used.system) / 1e6; };
const residentKb = () => Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync('/proc/self/status', 'utf8'))[1]);
const quantile = (values, q) => {
  const sorted = Float64Array.from(values).sort();
  return sorted.length ? sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] : -1;
};

class Stopwatch {
  start = performance.now();
  cpuStart = cpuSeconds();
  wall() { return (performance.now() - this.start) / 1e3; }
  cpu() { return cpuSeconds() - this.cpuStart; }
}

/// Candidates that come before the description they belong to are held back until `ready` is called.
function passCandidates(from, to) {
  let ready;
  const described = new Promise((resolve) => { ready = resolve; });
  from.onicecandidate = async ({ candidate }) => {
    await described;
    if (candidate) to.addIceCandidate(candidate).catch(() => {}); // fails once closed
  };
  return ready;
}

/// Until the channel is open on both ends.
async function connect() {
  const a = new RTCPeerConnection(), b = new RTCPeerConnection();
  const offerSet = passCandidates(a, b), answerSet = passCandidates(b, a);
  const out = a.createDataChannel('bench');
  const watch = new Stopwatch();
  const outOpen = new Promise((resolve) => { out.onopen = resolve; });
  const inOpen = new Promise((resolve) => {
    b.ondatachannel = ({ channel }) => {
      if (channel.readyState === 'open') resolve(channel);
      else channel.onopen = () => resolve(channel);
    };
  });
  const offer = await a.createOffer();
  await a.setLocalDescription(offer);
  await b.setRemoteDescription(offer);
  offerSet();
  const answer = await b.createAnswer();
  await b.setLocalDescription(answer);
  await a.setRemoteDescription(answer);
  answerSet();
  const late = sleep(20).then(() => { throw new Error('no connection after 20 s'); });
  const [into] = await Promise.race([Promise.all([inOpen, outOpen]), late]);
  out.binaryType = into.binaryType = 'arraybuffer';
  return { a, b, out, into, offerToOpenMs: watch.wall() * 1e3 };
}

function disconnect(pair) {
  for (const end of [pair.a, pair.b]) {
    end.onicecandidate = end.ondatachannel = null;
    end.close();
  }
}

async function bulk(size, seconds) {
  const pair = await connect();
  let bytes = 0, messages = 0;
  pair.into.onmessage = ({ data }) => { bytes += data.byteLength; ++messages; };
  const message = new Uint8Array(size).fill(7);
  // Full at 1 MiB, on again at 256 KiB; the amount is asked for once in 64 KiB, because that waits for another
  // thread. The timer is for the event that comes before the buffer is full.
  const full = 1 << 20, atOnce = Math.max(1, (64 << 10) / size);
  pair.out.bufferedAmountLowThreshold = 256 << 10;
  const pump = () => {
    if (pair.out.bufferedAmount >= full) return;
    for (let i = 0; i < atOnce; ++i) pair.out.send(message);
    setImmediate(pump);
  };
  pair.out.onbufferedamountlow = pump;
  setInterval(() => { if (pair.out.bufferedAmount <= pair.out.bufferedAmountLowThreshold) pump(); }, 5);
  pump();
  await sleep(1.5); // warm up
  const bytesBefore = bytes, messagesBefore = messages, watch = new Stopwatch();
  await sleep(seconds);
  const took = watch.wall(), cpu = watch.cpu(), got = bytes - bytesBefore, n = messages - messagesBefore;
  return { MBps: got / 1e6 / took, cpu_s_per_GB: cpu / (got / 1e9), msgs_per_s: n / took, cpu_us_per_msg: cpu * 1e6 / n };
}

async function ping(rounds) {
  const pair = await connect();
  pair.into.onmessage = ({ data }) => pair.into.send(data);
  const message = new Uint8Array(100).fill(7), samples = [], warmUp = 500, watch = new Stopwatch();
  await new Promise((resolve) => {
    let sent = 0, round = 0;
    const send = () => { sent = performance.now(); pair.out.send(message); };
    pair.out.onmessage = () => {
      if (round++ >= warmUp) samples.push((performance.now() - sent) * 1e3);
      if (round < rounds + warmUp) send(); else resolve();
    };
    send();
  });
  return { median_us: quantile(samples, .5), p99_us: quantile(samples, .99), cpu_us: watch.cpu() / (rounds + warmUp) * 1e6 };
}

async function setup(count, concurrency) {
  disconnect(await connect());
  const samples = [], watch = new Stopwatch();
  let left = count, failed = 0;
  const some = async () => {
    while (left-- > 0) {
      try {
        const pair = await connect();
        samples.push(pair.offerToOpenMs);
        disconnect(pair);
      } catch { // of 50 at once, some never connect
        ++failed;
      }
    }
  };
  await Promise.all(Array.from({ length: concurrency }, some));
  return { median_ms: quantile(samples, .5), p90_ms: quantile(samples, .9), per_s: count / watch.wall(), cpu_ms: watch.cpu() / count * 1e3, failed };
}

async function idle(connections, seconds) {
  disconnect(await connect());
  await sleep(.5);
  const settled = () => { global.gc?.(); return residentKb(); };
  const before = settled(), pairs = [];
  for (let i = 0; i < connections / 2; ++i) pairs.push(await connect());
  await sleep(1);
  const each = () => (settled() - before) / 2 / pairs.length;
  const fresh_kB = each(), watch = new Stopwatch();
  await sleep(seconds);
  const cpu_percent = watch.cpu() / watch.wall() * 100;
  return { fresh_kB, later_kB: each(), cpu_percent };
}

const [command, ...numbers] = process.argv.slice(2);
({ bulk, ping, setup, idle, restart: (...all) => require('./restart.cjs').restart(connect, ...all) })[command](...numbers.map(Number)).then((figures) => {
  console.log(command, Object.entries(figures).map(([key, value]) => `${key}=${value.toFixed(3)}`).join(' '));
  process.exit(0); // what is open stays open otherwise
}, (error) => { console.error(error); process.exit(1); });
