// pion URL: what restarts.mjs is, with Pion. The WebSocket at URL brings the offers of restart_peer.cpp.
// Built in the module of bench/versus/pion, which pins the versions.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/pion/webrtc/v4"
	"golang.org/x/net/websocket"
)

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// A description or a candidate, as JSON has them.
type message struct {
	Type             string  `json:"type,omitempty"`
	SDP              string  `json:"sdp,omitempty"`
	Candidate        *string `json:"candidate,omitempty"`
	SDPMid           *string `json:"sdpMid,omitempty"`
	SDPMLineIndex    *uint16 `json:"sdpMLineIndex,omitempty"`
	UsernameFragment *string `json:"usernameFragment,omitempty"`
}

// The numbers over one channel.
type flow struct {
	sync.Mutex
	sent     int
	received map[int]bool
	ended    bool
}

type peer struct {
	pc         *webrtc.PeerConnection
	socket     *websocket.Conn
	sending    sync.Mutex
	mutex      sync.Mutex
	complaints []string
	flows      map[string]*flow
}

func (p *peer) signal(m message) {
	p.sending.Lock()
	defer p.sending.Unlock()
	_ = websocket.JSON.Send(p.socket, m) // fails when it is all over
}

func (p *peer) complain(format string, values ...any) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.complaints = append(p.complaints, fmt.Sprintf(format, values...))
}

// The candidates that this makes wait until the description is sent.
func (p *peer) setLocal(description webrtc.SessionDescription, err error) {
	must(err)
	p.sending.Lock()
	defer p.sending.Unlock()
	must(p.pc.SetLocalDescription(description))
	_ = websocket.JSON.Send(p.socket, message{Type: description.Type.String(), SDP: description.SDP})
}

func ufrag(description *webrtc.SessionDescription) string {
	_, rest, _ := strings.Cut(description.SDP, "a=ice-ufrag:")
	return strings.Fields(rest)[0]
}

func (p *peer) take(m message, early *[]message) {
	if m.Candidate != nil {
		remote := p.pc.RemoteDescription()
		if remote == nil || m.UsernameFragment == nil || ufrag(remote) != *m.UsernameFragment {
			*early = append(*early, m)
			return
		}
		must(p.pc.AddICECandidate(webrtc.ICECandidateInit{Candidate: *m.Candidate, SDPMid: m.SDPMid,
			SDPMLineIndex: m.SDPMLineIndex, UsernameFragment: m.UsernameFragment}))
		return
	}
	must(p.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.NewSDPType(m.Type), SDP: m.SDP}))
	if m.Type == "offer" {
		p.setLocal(p.pc.CreateAnswer(nil))
	}
	waiting := *early
	*early = nil
	for _, each := range waiting {
		p.take(each, early)
	}
}

// Pion forgets every pair at a restart, so a selected one is of the credentials it has now.
func (p *peer) selected(of string) string {
	ice := p.pc.SCTP().Transport().ICETransport()
	for tries := 0; tries < 300; tries++ {
		local, err := ice.GetLocalParameters()
		must(err)
		pair, err := ice.GetSelectedCandidatePair()
		must(err)
		if pair != nil && local.UsernameFragment == of && ufrag(p.pc.LocalDescription()) == of {
			return "selected"
		}
		time.Sleep(10 * time.Millisecond)
	}
	return "none"
}

func (p *peer) count(channel *webrtc.DataChannel) {
	numbers := &flow{received: map[int]bool{}}
	p.flows[channel.Label()] = numbers
	channel.OnMessage(func(m webrtc.DataChannelMessage) {
		number, err := strconv.Atoi(string(m.Data))
		must(err)
		numbers.Lock()
		defer numbers.Unlock()
		if channel.Label() == "ordered" && number != len(numbers.received) {
			p.complain("order:%d", number)
		}
		numbers.received[number] = true
	})
	channel.OnOpen(func() {
		for range time.Tick(2 * time.Millisecond) {
			numbers.Lock()
			if numbers.ended {
				numbers.Unlock()
				return
			}
			must(channel.SendText(strconv.Itoa(numbers.sent)))
			numbers.sent++
			numbers.Unlock()
		}
	})
}

func (p *peer) stop() string {
	var sent []string
	for _, label := range []string{"ordered", "lossy"} {
		numbers := p.flows[label]
		numbers.Lock()
		numbers.ended = true
		sent = append(sent, strconv.Itoa(numbers.sent))
		numbers.Unlock()
	}
	return strings.Join(sent, " ")
}

func (p *peer) received() string {
	var words []string
	for _, label := range []string{"ordered", "lossy"} {
		numbers := p.flows[label]
		numbers.Lock()
		words = append(words, strconv.Itoa(len(numbers.received)))
		numbers.Unlock()
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return strings.Join(append(words, p.complaints...), " ")
}

// What is asked over "control", as restarts.mjs says.
func (p *peer) control(channel *webrtc.DataChannel) {
	channel.OnMessage(func(m webrtc.DataChannelMessage) {
		question, argument, _ := strings.Cut(string(m.Data), " ")
		go func() {
			var answer string
			switch question {
			case "restart":
				p.setLocal(p.pc.CreateOffer(&webrtc.OfferOptions{ICERestart: true}))
				return
			case "selected":
				answer = p.selected(argument)
			case "stop":
				answer = p.stop()
			case "received":
				answer = p.received()
			}
			must(channel.SendText(answer))
		}()
	})
}

func main() {
	var settings webrtc.SettingEngine
	settings.SetIncludeLoopbackCandidate(true)
	settings.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	pc, err := webrtc.NewAPI(webrtc.WithSettingEngine(settings)).NewPeerConnection(webrtc.Configuration{})
	must(err)
	url := os.Args[1]
	socket, err := websocket.Dial(strings.Replace(url, "http:", "ws:", 1), "", strings.TrimSuffix(url, "/"))
	must(err)
	p := &peer{pc: pc, socket: socket, flows: map[string]*flow{}}
	pc.OnICECandidate(func(candidate *webrtc.ICECandidate) {
		if candidate != nil {
			init := candidate.ToJSON()
			p.signal(message{Candidate: &init.Candidate, SDPMid: init.SDPMid, SDPMLineIndex: init.SDPMLineIndex,
				UsernameFragment: init.UsernameFragment})
		}
	})
	pc.OnDataChannel(func(channel *webrtc.DataChannel) {
		if channel.Label() != "control" {
			p.count(channel)
			return
		}
		p.control(channel)
		pc.SCTP().Transport().OnStateChange(func(state webrtc.DTLSTransportState) { p.complain("dtls:%s", state) })
	})
	var early []message // candidates that come before their description
	for {
		var text []byte
		if websocket.Message.Receive(socket, &text) != nil {
			return
		}
		var m message
		must(json.Unmarshal(text, &m))
		p.take(m, &early)
	}
}
