// The peer of restart_peer.cpp: a page, or a program that has libwebrtc. Negotiates as webrtc-pc 10.7 has it,
// sends numbers over the channels "ordered" and "lossy", and does what is asked over "control":
//   restart          ICE
//   selected UFRAG   answers when the selected pair is of these credentials of ours
//   state            answers SIGNALING-STATE OPERATIONS-PENDING OUR-UFRAG ITS-UFRAG
//   stop             sends no more; answers how many were sent on each
//   received         answers how many came on each, and what there was to complain of
/// `implicit`: setLocalDescription() creates what it sets; without that there may be no glare.
export function play(pc, socket, { implicit, polite }) {
    const signal = what => socket.send(JSON.stringify(what));
    let pending = 0, making = false, settingAnswer = false;
    const complaints = [];
    const doing = async operation => {
        ++pending;
        try {
            return await operation;
        } finally {
            --pending;
        }
    };
    const setLocal = async () => doing(implicit ? pc.setLocalDescription() : pc.setLocalDescription(
        await (pc.signalingState === 'stable' ? pc.createOffer() : pc.createAnswer())));
    const report = error => console.log(`negotiation: ${error}`);
    const ufrag = description => description?.sdp.match(/a=ice-ufrag:(\S+)/)?.[1];

    pc.onicecandidate = ({ candidate }) => {
        if (candidate) signal({ candidate: candidate.candidate, sdpMid: candidate.sdpMid,
            sdpMLineIndex: candidate.sdpMLineIndex, usernameFragment: candidate.usernameFragment });
    };
    pc.onnegotiationneeded = async () => {
        try {
            making = true;
            await setLocal();
            signal(pc.localDescription);
        } catch (error) {
            report(error);
        } finally {
            making = false;
        }
    };
    async function take(message) {
        if (!message.type) return candidates(message);
        const collision = message.type === 'offer' && (making || !(pc.signalingState === 'stable' || settingAnswer));
        if (!polite && collision) return;
        settingAnswer = message.type === 'answer';
        await doing(pc.setRemoteDescription(message));
        settingAnswer = false;
        if (message.type === 'offer') {
            await setLocal();
            signal(pc.localDescription);
        }
        for (const candidate of early.splice(0)) await candidates(candidate);
    }
    let early = []; // candidates that come before their description
    async function candidates(candidate) {
        if (ufrag(pc.remoteDescription) === candidate.usernameFragment) await doing(pc.addIceCandidate(candidate));
        else early.push(candidate);
    }
    socket.onmessage = ({ data }) => take(JSON.parse(data)).catch(report);

    const transport = async () => {
        const all = await pc.getStats();
        const one = [...all.values()].find(each => each.type === 'transport');
        const pair = all.get(one.selectedCandidatePairId);
        return { one, local: all.get(pair?.localCandidateId) };
    };
    /// Whether the selected pair is of these credentials. Older versions do not tell whose a candidate is; each generation
    /// has ports of its own.
    async function selected(of) {
        for (let tries = 0; tries < 300; ++tries) {
            const { one, local } = await transport();
            const mine = local?.usernameFragment ? local.usernameFragment === of
                : local && pc.localDescription.sdp.includes(` ${local.port} typ `);
            if (mine && one.iceLocalUsernameFragment === of && ufrag(pc.localDescription) === of) return 'selected';
            await new Promise(resolve => setTimeout(resolve, 10));
        }
        return JSON.stringify(await transport());
    }

    const flows = {};
    function count(channel) {
        const flow = flows[channel.label] = { sent: 0, received: new Set() };
        channel.onmessage = ({ data }) => {
            if (channel.label === 'ordered' && +data !== flow.received.size) complaints.push(`order:${data}`);
            flow.received.add(+data);
        };
        flow.timer = setInterval(() => channel.send(`${flow.sent++}`), 2);
    }
    const answers = {
        restart: () => pc.restartIce(),
        selected,
        state: () => `${pc.signalingState} ${pending} ${ufrag(pc.localDescription)} ${ufrag(pc.remoteDescription)}`,
        stop() {
            for (const flow of Object.values(flows)) clearInterval(flow.timer);
            return `${flows.ordered.sent} ${flows.lossy.sent}`;
        },
        received: () => [flows.ordered.received.size, flows.lossy.received.size, ...complaints].join(' '),
    };
    pc.ondatachannel = ({ channel }) => {
        channel.onclose = () => complaints.push(`closed:${channel.label}`);
        if (channel.label !== 'control') return count(channel);
        channel.onmessage = async ({ data }) => {
            const [question, argument] = data.split(' ');
            const answer = await answers[question](argument);
            if (answer !== undefined) channel.send(answer);
        };
        const dtls = pc.sctp.transport;
        dtls.onstatechange = () => complaints.push(`dtls:${dtls.state}`);
    };
    return new Promise(resolve => socket.onclose = resolve);
}
