// wrtc.mjs SCENARIO PROGRAM [ARGUMENTS]: libwebrtc, as the npm package @roamhq/wrtc, against programs. It gathers no
// loopback addresses where there are others, so both speak over an address of the machine.
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { check, runScenario, within } from './program.mjs';
import { play } from './restarts.mjs';
import { connect } from './websocket.mjs';
const { RTCPeerConnection } = createRequire(join(process.env.CORTC_PEERS, 'package.json'))('@roamhq/wrtc');

const address = Object.values(networkInterfaces()).flat().find(each => !each.internal && each.family === 'IPv4')?.address ?? '127.0.0.1';

async function gathered(pc) {
    if (pc.iceGatheringState === 'complete') return;
    await within(new Promise(resolve => pc.addEventListener('icegatheringstatechange', () => {
        if (pc.iceGatheringState === 'complete') resolve();
    })), 'gathering');
}
const description = pc => JSON.stringify({ type: pc.localDescription.type, sdp: pc.localDescription.sdp });
const post = (url, body) => fetch(url, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body });

async function call(url, pc) {
    await pc.setLocalDescription(await pc.createOffer());
    await gathered(pc);
    const response = await post(url, description(pc));
    if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`);
    await pc.setRemoteDescription(await response.json());
}
const opened = channel => within(new Promise((resolve, reject) => {
    if (channel.readyState === 'open') resolve();
    channel.onopen = resolve;
    channel.onclose = () => reject(new Error('a channel closed before it opened'));
}), 'a channel to open');

/// Sends, and returns what comes back.
async function echoed(channel, data) {
    channel.binaryType = 'arraybuffer';
    const back = within(new Promise((resolve, reject) => {
        channel.onmessage = event => resolve(event.data);
        channel.onclose = () => reject(new Error('the channel closed'));
    }), 'an echo');
    channel.send(data);
    return back;
}
const text = size => Array.from({ length: size }, (_, i) => String.fromCharCode(97 + (i * 7 + size) % 26)).join('');
const binary = size => Uint8Array.from({ length: size }, (_, i) => i * 31 + size);
const same = (a, b) => a.length === b.length && a.every((byte, i) => byte === b[i]);

async function echoes(channel, sizes) {
    for (const size of sizes) {
        const words = await echoed(channel, text(size));
        check(words === text(size), `${channel.label}: text of ${size} bytes comes back`);
        const bytes = await echoed(channel, binary(size));
        check(bytes instanceof ArrayBuffer && same(new Uint8Array(bytes), binary(size)),
            `${channel.label}: binary of ${size} bytes comes back`);
    }
}

/// An echo server of libwebrtc, as the programs of webrtc-echoes are.
async function echoServer() {
    const connections = new Set();
    const server = createServer((request, response) => {
        let body = '';
        request.on('data', part => body += part);
        request.on('end', async () => {
            const pc = new RTCPeerConnection();
            connections.add(pc);
            pc.ondatachannel = ({ channel }) => {
                channel.onmessage = ({ data }) => channel.send(data);
            };
            await pc.setRemoteDescription(JSON.parse(body));
            await pc.setLocalDescription(await pc.createAnswer());
            await gathered(pc);
            response.setHeader('Content-Type', 'application/json');
            response.end(description(pc));
        });
    });
    await new Promise(resolve => server.listen(0, address, resolve));
    return {
        url: `http://${address}:${server.address().port}/offer`,
        close() {
            server.close();
            for (const pc of connections) pc.close();
        },
    };
}

await runScenario({
    /// libwebrtc offers to the echo server.
    async offers(start) {
        const program = start('--host', address);
        const [, url] = await program.line(/(http:\/\/\S+)/);
        const pc = new RTCPeerConnection();
        const ordered = pc.createDataChannel('ordered');
        const lossy = pc.createDataChannel('lossy', { ordered: false, maxRetransmits: 0 });
        await call(url, pc);
        await opened(ordered);
        await opened(lossy);
        await echoes(ordered, [1, 1200, 65536, 262144]);
        await echoes(lossy, [1, 1000]);
        const late = pc.createDataChannel('late', { protocol: 'p' });
        await opened(late);
        await echoes(late, [5]);

        const refused = await post(url, JSON.stringify({ type: 'offer', sdp: 'hello' }));
        const said = await refused.json();
        check(refused.status === 400 && said.name && said.message, `refused: ${said.name}: ${said.message}`);

        const many = await Promise.all(Array.from({ length: 20 }, async (_, i) => {
            const each = new RTCPeerConnection();
            const channel = each.createDataChannel(`number ${i}`);
            await call(url, each);
            await opened(channel);
            if (await echoed(channel, text(1000 + i)) !== text(1000 + i)) throw new Error(`number ${i}`);
            return each;
        }));
        check(true, `${many.length} connections at once`);
        const empty = program.line(/there are 0/);
        for (const each of [pc, ...many]) each.close();
        await empty;
        check(true, 'the server has dropped them all');
        program.child.kill('SIGTERM');
        check(await within(program.exited, 'the server to end') === 0, 'the server ends in order');
    },

    /// The echo client offers to libwebrtc.
    async answers(start) {
        const server = await echoServer();
        for (const args of [[], ['--count', '500'], ['--count', '20', '--size', '65536'], ['--size', '262144'],
            ['--connections', '10']]) {
            const code = await within(start(server.url, ...args).exited, 'the client to end');
            check(code === 0, `the client is content: ${args.join(' ')}`);
        }
        server.close();
    },

    /// ICE restarts; the program offers first, and judges.
    async restarts(start) {
        const program = start(address);
        const [, url] = await program.line(/(http:\/\/\S+)/);
        play(new RTCPeerConnection(), await connect(url), { implicit: false, polite: false });
        check(await within(program.exited, 'the program to end') === 0, 'the program is content');
    },
});
process.exit(); // libwebrtc's threads would keep node
