// The peer of stack_peer.cpp: a page, or a stack that has the interface of one. Descriptions go with all their candidates.
// Channels named "echo ..." send back what comes, "sink ..." count it, and over "control" comes:
//   open LABEL       opens the channel "echo LABEL"
//   burst LABEL      opens that channel, sends 20 messages of 1000 bytes and closes it
//   count LABEL      answers how many messages came over that channel
const gathered = pc => new Promise(resolve => {
    const look = () => pc.iceGatheringState === 'complete' && resolve();
    pc.addEventListener?.('icegatheringstatechange', look);
    pc.onicegatheringstatechange = look;
    look();
});

/// `role`, ours: offers or answers. `media`: an offer of ours has three sections of it.
export function play(pc, socket, role, media) {
    const counts = {};
    const kept = []; // what nobody refers to is collected, channels included
    const echo = channel => { // Chromium gives out messages of a channel that it still calls connecting
        const early = [];
        channel.onmessage = ({ data }) => channel.readyState === 'connecting' ? early.push(data) : channel.send(data);
        channel.onopen = () => early.splice(0).forEach(data => channel.send(data));
    };
    const take = channel => {
        kept.push(channel);
        channel.binaryType = 'arraybuffer';
        if (channel.label === 'control') channel.onmessage = ({ data }) => command(channel, data);
        else if (channel.label.startsWith('echo')) echo(channel);
        else {
            counts[channel.label] = 0;
            channel.onmessage = () => ++counts[channel.label];
        }
    };
    const command = (control, line) => {
        const [word, ...rest] = String(line).split(' ');
        const label = rest.join(' ');
        if (word === 'count') return control.send(String(counts[label] ?? 'none'));
        const channel = pc.createDataChannel(word === 'open' ? `echo ${label}` : label);
        kept.push(channel);
        if (word === 'open') return take(channel);
        const burst = () => {
            for (let i = 0; i < 20; ++i) channel.send(new Uint8Array(1000));
            channel.close();
        };
        if (channel.readyState === 'open') burst();
        else channel.onopen = burst;
    };
    pc.ondatachannel = ({ channel }) => take(channel);
    const local = async made => {
        await pc.setLocalDescription(made);
        await gathered(pc);
        socket.send(JSON.stringify({ type: pc.localDescription.type, sdp: pc.localDescription.sdp }));
    };
    socket.onmessage = async ({ data }) => {
        const message = JSON.parse(data);
        if (!message.type) return;
        await pc.setRemoteDescription(message);
        if (message.type === 'offer') await local(await pc.createAnswer());
    };
    const ended = new Promise(resolve => socket.onclose = resolve);
    if (role === 'offers') {
        if (media) for (const kind of ['audio', 'audio', 'video']) pc.addTransceiver(kind, { direction: 'recvonly' });
        take(pc.createDataChannel('control'));
        pc.createOffer().then(local);
    }
    return ended;
}
