// stacks.mjs STACK PROGRAM ROLE POLICY ABILITIES: werift, node-datachannel (libdatachannel) or @roamhq/wrtc (libwebrtc) as the
// peer of stack_peer.cpp.
import { createRequire } from 'node:module';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { check, runScenario, within } from './program.mjs';
import { play } from './stack.mjs';
import { connect } from './websocket.mjs';

const load = createRequire(join(process.env.CORTC_PEERS, 'package.json'));
const address = Object.values(networkInterfaces()).flat().find(each => !each.internal && each.family === 'IPv4')?.address ?? '127.0.0.1';
const stacks = {
    werift: () => new (load('werift').RTCPeerConnection)({ iceAdditionalHostAddresses: [address] }),
    'node-datachannel': () => new (load('node-datachannel/polyfill').RTCPeerConnection)({ iceServers: [] }),
    '@roamhq/wrtc': () => new (load('@roamhq/wrtc').RTCPeerConnection)(),
};
const name = process.argv[2];

await runScenario({
    async [name](start) {
        const [role, policy] = process.argv.slice(4);
        const program = start(address);
        const [, url] = await program.line(/(http:\/\/\S+)/);
        const pc = stacks[name]();
        play(pc, await connect(url), role === 'offers' ? 'answers' : 'offers', policy !== 'none');
        check(await within(program.exited, 'the program to end') === 0, `${name}: the program is content`);
    },
});
process.exit(); // threads of the stacks would keep node
