// ICE restarts, as bench/ice_restart/loopback.cpp does them.
package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/webrtc/v4"
)

const restartPatience = 20 * time.Second

// A pair that is restarted, and the candidate pairs that its ends have selected.
type restarting struct {
	*pair
	ice      [2]*webrtc.ICETransport
	changed  chan struct{}
	pong     chan struct{}
	mutex    sync.Mutex
	selected [2]*webrtc.ICECandidatePair
}

func newRestarting() *restarting {
	r := &restarting{pair: connect(), changed: make(chan struct{}, 1), pong: make(chan struct{}, 1)}
	r.b.channel.OnMessage(func(message webrtc.DataChannelMessage) { must(r.b.channel.Send(message.Data)) })
	r.a.channel.OnMessage(func(webrtc.DataChannelMessage) { r.pong <- struct{}{} })
	for i, end := range []*end{r.a, r.b} {
		i := i
		r.ice[i] = end.pc.SCTP().Transport().ICETransport()
		r.ice[i].OnSelectedCandidatePairChange(func(pair *webrtc.ICECandidatePair) {
			r.mutex.Lock()
			r.selected[i] = pair
			r.mutex.Unlock()
			select {
			case r.changed <- struct{}{}:
			default:
			}
		})
		r.selected[i], _ = r.ice[i].GetSelectedCandidatePair()
	}
	return r
}

func (r *restarting) pairs() [2]*webrtc.ICECandidatePair {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return r.selected
}

// Pion gives every generation new sockets: both ends have another pair, and it is the same one.
func over(before, now [2]*webrtc.ICECandidatePair) bool {
	for i := range now {
		if now[i] == nil || before[i] == nil || now[i].Local.Port == before[i].Local.Port {
			return false
		}
	}
	return now[0].Remote.Port == now[1].Local.Port && now[1].Remote.Port == now[0].Local.Port
}

func (e *end) expectDescription() {
	e.mutex.Lock()
	e.ready = false
	e.mutex.Unlock()
}

// Pion refuses to restart while it gathers.
func (e *end) awaitGathered() {
	for e.pc.ICEGatheringState() != webrtc.ICEGatheringStateComplete {
		time.Sleep(50 * time.Microsecond)
	}
}

type restartTimes struct{ done, answered float64 }

func (r *restarting) restart() (restartTimes, error) {
	r.a.awaitGathered()
	r.b.awaitGathered()
	before := r.pairs()
	late := time.After(restartPatience)
	watch := newStopwatch()
	r.b.expectDescription() // candidates of the new generation wait for it
	offer, err := r.a.pc.CreateOffer(&webrtc.OfferOptions{ICERestart: true})
	must(err)
	r.a.expectDescription()
	must(r.a.pc.SetLocalDescription(offer))
	r.b.setRemote(offer)
	answer, err := r.b.pc.CreateAnswer(nil)
	must(err)
	must(r.b.pc.SetLocalDescription(answer))
	r.a.setRemote(answer)
	for !over(before, r.pairs()) {
		select {
		case <-r.changed:
		case <-late:
			return restartTimes{}, errors.New("no new pair")
		}
	}
	times := restartTimes{done: watch.wall() * 1e3}
	must(r.a.channel.Send([]byte("ping")))
	select {
	case <-r.pong:
	case <-late:
		return restartTimes{}, errors.New("no answer")
	}
	times.answered = watch.wall() * 1e3
	return times, nil
}

// Numbered messages, a thousand a second, unordered and sent once.
type numbers struct {
	from          *webrtc.DataChannel
	sent, arrived atomic.Int64
	stop          atomic.Bool
}

func newNumbers(from, to *webrtc.DataChannel) *numbers {
	n := &numbers{from: from}
	to.OnMessage(func(webrtc.DataChannelMessage) { n.arrived.Add(1) })
	return n
}

func (n *numbers) send() {
	message := make([]byte, 4)
	for next := time.Now(); ; next = next.Add(time.Millisecond) {
		time.Sleep(time.Until(next))
		if n.stop.Load() {
			return
		}
		binary.LittleEndian.PutUint32(message, uint32(n.sent.Add(1)))
		must(n.from.Send(message))
	}
}

func (r *restarting) startNumbers() [2]*numbers {
	ordered, negotiated, id, retransmits := false, true, uint16(100), uint16(0)
	var ends [2]*webrtc.DataChannel
	open := make(chan struct{}, 2)
	for i, end := range []*end{r.a, r.b} {
		var err error
		ends[i], err = end.pc.CreateDataChannel("numbers", &webrtc.DataChannelInit{
			Ordered: &ordered, MaxRetransmits: &retransmits, Negotiated: &negotiated, ID: &id})
		must(err)
		ends[i].OnOpen(func() { open <- struct{}{} })
	}
	<-open
	<-open
	flows := [2]*numbers{newNumbers(ends[0], ends[1]), newNumbers(ends[1], ends[0])}
	for _, each := range flows {
		go each.send()
	}
	return flows
}

func writeSamples(samples []float64) {
	path := os.Getenv("BENCH_SAMPLES")
	if path == "" {
		return
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	must(err)
	out := bufio.NewWriter(file)
	for _, each := range samples {
		fmt.Fprintf(out, "%.6f\n", each)
	}
	must(out.Flush())
	must(file.Close())
}

func restart(pairs, count int) string {
	var all []*restarting
	for i := 0; i < pairs; i++ {
		all = append(all, newRestarting())
	}
	failed := 0
	var done, answered []float64
	inTurn := func(count int) {
		for i := 0; i < count; i++ {
			times, err := all[i%pairs].restart()
			if err != nil {
				failed++
				continue
			}
			done, answered = append(done, times.done), append(answered, times.answered)
		}
	}
	inTurn(min(20, count)) // warm up
	done, answered, failed = nil, nil, 0
	watch := newStopwatch()
	inTurn(count)
	cpu, underWay, sum := watch.cpu(), 0., 0.
	for i := range done {
		underWay, sum = underWay+answered[i], sum+done[i]
	}
	writeSamples(done)
	line := fmt.Sprintf("median_ms=%.4f mean_ms=%.4f p90_ms=%.4f p99_ms=%.4f answered_median_ms=%.4f answered_p99_ms=%.4f "+
		"restarts_per_s=%.1f cpu_ms=%.4f", quantile(done, .5), sum/float64(len(done)), quantile(done, .9), quantile(done, .99),
		quantile(answered, .5), quantile(answered, .99), float64(len(done))/underWay*1e3, cpu/float64(count)*1e3)

	flows := all[0].startNumbers()
	time.Sleep(100 * time.Millisecond)
	var together []float64
	took := 0.
	end := time.Now().Add(2 * time.Second)
	for i := 0; i < 3 || time.Now().Before(end); i++ {
		var mutex sync.Mutex
		var group sync.WaitGroup
		watch := newStopwatch()
		for _, each := range all {
			group.Add(1)
			go func(each *restarting) {
				defer group.Done()
				times, err := each.restart()
				mutex.Lock()
				defer mutex.Unlock()
				if err != nil {
					failed++
				} else {
					together = append(together, times.done)
				}
			}(each)
		}
		group.Wait()
		took += watch.wall()
	}
	time.Sleep(100 * time.Millisecond)
	sent, lost := int64(0), int64(0)
	for _, each := range flows {
		each.stop.Store(true)
	}
	time.Sleep(500 * time.Millisecond)
	for _, each := range flows {
		sent, lost = sent+each.sent.Load(), lost+each.sent.Load()-each.arrived.Load()
	}
	return line + fmt.Sprintf(" together_median_ms=%.4f together_p99_ms=%.4f together_per_s=%.1f sent=%d lost=%d failed=%d",
		quantile(together, .5), quantile(together, .99), float64(len(together))/took, sent, lost, failed)
}
