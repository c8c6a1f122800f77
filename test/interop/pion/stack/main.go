// stack URL ROLE: Pion as the peer of stack_peer.cpp; stack.mjs says what it does. ROLE is ours: offers, answers, and
// offers-media with three sections of media. Built in the module of bench/versus/pion, which pins the versions.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync/atomic"

	"github.com/pion/webrtc/v4"
	"golang.org/x/net/websocket"
)

const burst = 20

func must(err error) {
	if err != nil {
		panic(err)
	}
}

type peer struct {
	pc     *webrtc.PeerConnection
	socket *websocket.Conn
	counts map[string]*atomic.Int64
}

// With all its candidates.
func (p *peer) local(description webrtc.SessionDescription, err error) {
	must(err)
	gathered := webrtc.GatheringCompletePromise(p.pc)
	must(p.pc.SetLocalDescription(description))
	<-gathered
	must(websocket.JSON.Send(p.socket, p.pc.LocalDescription()))
}

func echo(channel *webrtc.DataChannel) {
	channel.OnMessage(func(m webrtc.DataChannelMessage) {
		if m.IsString {
			must(channel.SendText(string(m.Data)))
		} else {
			must(channel.Send(m.Data))
		}
	})
}

func (p *peer) take(channel *webrtc.DataChannel) {
	switch label := channel.Label(); {
	case label == "control":
		channel.OnMessage(func(m webrtc.DataChannelMessage) {
			word, rest, _ := strings.Cut(string(m.Data), " ")
			p.command(channel, word, rest)
		})
	case strings.HasPrefix(label, "echo"):
		echo(channel)
	default:
		count := &atomic.Int64{}
		p.counts[label] = count
		channel.OnMessage(func(webrtc.DataChannelMessage) { count.Add(1) })
	}
}

func (p *peer) command(control *webrtc.DataChannel, word, label string) {
	switch word {
	case "count":
		must(control.SendText(fmt.Sprint(p.counts[label].Load())))
	case "open":
		channel, err := p.pc.CreateDataChannel("echo "+label, nil)
		must(err)
		echo(channel)
	case "burst":
		channel, err := p.pc.CreateDataChannel(label, nil)
		must(err)
		channel.OnOpen(func() {
			for range burst {
				must(channel.Send(make([]byte, 1000)))
			}
			must(channel.GracefulClose())
		})
	}
}

func main() {
	var settings webrtc.SettingEngine
	settings.SetIncludeLoopbackCandidate(true)
	settings.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	var codecs webrtc.MediaEngine
	must(codecs.RegisterDefaultCodecs())
	pc, err := webrtc.NewAPI(webrtc.WithSettingEngine(settings), webrtc.WithMediaEngine(&codecs)).
		NewPeerConnection(webrtc.Configuration{})
	must(err)
	url, role := os.Args[1], os.Args[2]
	socket, err := websocket.Dial(strings.Replace(url, "http:", "ws:", 1), "", strings.TrimSuffix(url, "/"))
	must(err)
	p := &peer{pc: pc, socket: socket, counts: map[string]*atomic.Int64{}}
	pc.OnDataChannel(p.take)
	if strings.HasPrefix(role, "offers") {
		if role == "offers-media" {
			for _, kind := range []webrtc.RTPCodecType{webrtc.RTPCodecTypeAudio, webrtc.RTPCodecTypeAudio, webrtc.RTPCodecTypeVideo} {
				_, err := pc.AddTransceiverFromKind(kind, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly})
				must(err)
			}
		}
		control, err := pc.CreateDataChannel("control", nil)
		must(err)
		p.take(control)
		p.local(pc.CreateOffer(nil))
	}
	for {
		var text []byte
		if websocket.Message.Receive(socket, &text) != nil {
			return
		}
		var description webrtc.SessionDescription
		if json.Unmarshal(text, &description) != nil { // a candidate: the description has them
			continue
		}
		must(pc.SetRemoteDescription(description))
		if description.Type == webrtc.SDPTypeOffer {
			p.local(pc.CreateAnswer(nil))
		}
	}
}
