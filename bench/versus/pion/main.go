// Pion's part of the benchmarks (bench/README.md): both ends in one process over loopback. Takes the commands that
// bench/datachannel/cortc.cpp and bench/ice_restart take, and prints the same figures.
package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"runtime/debug"
	"sort"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/webrtc/v4"
)

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func cpuSeconds() float64 {
	var use syscall.Rusage
	must(syscall.Getrusage(syscall.RUSAGE_SELF, &use))
	return float64(use.Utime.Sec+use.Stime.Sec) + float64(use.Utime.Usec+use.Stime.Usec)/1e6
}

func residentKb() float64 {
	status, err := os.ReadFile("/proc/self/status")
	must(err)
	_, rest, _ := strings.Cut(string(status), "VmRSS:")
	kb, err := strconv.Atoi(strings.Fields(rest)[0])
	must(err)
	return float64(kb)
}

type stopwatch struct {
	start time.Time
	used  float64
}

func newStopwatch() stopwatch         { return stopwatch{time.Now(), cpuSeconds()} }
func (s stopwatch) wall() float64     { return time.Since(s.start).Seconds() }
func (s stopwatch) cpu() float64      { return cpuSeconds() - s.used }
func seconds(n float64) time.Duration { return time.Duration(n * float64(time.Second)) }

func quantile(values []float64, q float64) float64 {
	if len(values) == 0 {
		return -1
	}
	sort.Float64s(values)
	return values[min(len(values)-1, int(q*float64(len(values))))]
}

var api = func() *webrtc.API {
	var settings webrtc.SettingEngine
	settings.SetIncludeLoopbackCandidate(true)
	settings.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	settings.SetIPFilter(func(ip net.IP) bool { return ip.IsLoopback() })
	// No interceptors: there is no media.
	return webrtc.NewAPI(webrtc.WithSettingEngine(settings), webrtc.WithInterceptorRegistry(&interceptor.Registry{}))
}()

// Candidates that come before the description they belong to are held back.
type end struct {
	pc      *webrtc.PeerConnection
	channel *webrtc.DataChannel

	mutex  sync.Mutex
	ready  bool
	queued []webrtc.ICECandidateInit
}

func newEnd() *end {
	pc, err := api.NewPeerConnection(webrtc.Configuration{})
	must(err)
	return &end{pc: pc}
}

func (e *end) addCandidate(candidate webrtc.ICECandidateInit) {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	if e.ready {
		_ = e.pc.AddICECandidate(candidate) // fails once closed
	} else {
		e.queued = append(e.queued, candidate)
	}
}

func (e *end) setRemote(description webrtc.SessionDescription) {
	must(e.pc.SetRemoteDescription(description))
	e.mutex.Lock()
	defer e.mutex.Unlock()
	e.ready = true
	for _, candidate := range e.queued {
		_ = e.pc.AddICECandidate(candidate)
	}
	e.queued = nil
}

func passCandidates(from, to *end) {
	from.pc.OnICECandidate(func(candidate *webrtc.ICECandidate) {
		if candidate != nil {
			to.addCandidate(candidate.ToJSON())
		}
	})
}

type pair struct {
	a, b          *end
	offerToOpenMs float64
}

// Until the channel is open on both ends.
func connect() *pair {
	p := &pair{a: newEnd(), b: newEnd()}
	passCandidates(p.a, p.b)
	passCandidates(p.b, p.a)
	open := make(chan struct{}, 2)
	p.b.pc.OnDataChannel(func(channel *webrtc.DataChannel) {
		p.b.channel = channel
		channel.OnOpen(func() { open <- struct{}{} })
	})
	var err error
	p.a.channel, err = p.a.pc.CreateDataChannel("bench", nil)
	must(err)
	p.a.channel.OnOpen(func() { open <- struct{}{} })

	watch := newStopwatch()
	offer, err := p.a.pc.CreateOffer(nil)
	must(err)
	must(p.a.pc.SetLocalDescription(offer))
	p.b.setRemote(offer)
	answer, err := p.b.pc.CreateAnswer(nil)
	must(err)
	must(p.b.pc.SetLocalDescription(answer))
	p.a.setRemote(answer)
	late := time.After(20 * time.Second)
	for i := 0; i < 2; i++ {
		select {
		case <-open:
		case <-late:
			panic(errors.New("no connection after 20 s"))
		}
	}
	p.offerToOpenMs = watch.wall() * 1e3
	return p
}

func (p *pair) disconnect() {
	must(p.a.pc.Close())
	must(p.b.pc.Close())
}

func bulk(size int, duration float64) string {
	p := connect()
	var bytes, messages atomic.Int64
	p.b.channel.OnMessage(func(message webrtc.DataChannelMessage) {
		bytes.Add(int64(len(message.Data)))
		messages.Add(1)
	})
	const high, lowMark = 1 << 20, 256 << 10
	low := make(chan struct{}, 1)
	p.a.channel.SetBufferedAmountLowThreshold(lowMark)
	p.a.channel.OnBufferedAmountLow(func() {
		select {
		case low <- struct{}{}:
		default:
		}
	})
	go func() {
		message := make([]byte, size)
		for {
			if p.a.channel.BufferedAmount() < high {
				must(p.a.channel.Send(message))
				continue
			}
			select {
			case <-low:
			case <-time.After(50 * time.Millisecond): // the mark was passed before we waited
			}
		}
	}()
	time.Sleep(seconds(1.5)) // warm up
	bytesBefore, messagesBefore, watch := bytes.Load(), messages.Load(), newStopwatch()
	time.Sleep(seconds(duration))
	took, cpu := watch.wall(), watch.cpu()
	got, n := float64(bytes.Load()-bytesBefore), float64(messages.Load()-messagesBefore)
	return fmt.Sprintf("MBps=%.1f cpu_s_per_GB=%.3f msgs_per_s=%.0f cpu_us_per_msg=%.3f",
		got/1e6/took, cpu/(got/1e9), n/took, cpu*1e6/n)
}

func ping(rounds int) string {
	p := connect()
	p.b.channel.OnMessage(func(message webrtc.DataChannelMessage) { must(p.b.channel.Send(message.Data)) })
	back := make(chan time.Time, 1)
	p.a.channel.OnMessage(func(webrtc.DataChannelMessage) { back <- time.Now() })
	const warmUp = 500
	message := make([]byte, 100)
	var samples []float64
	watch := newStopwatch()
	for i := 0; i < rounds+warmUp; i++ {
		sent := time.Now()
		must(p.a.channel.Send(message))
		if took := (<-back).Sub(sent); i >= warmUp {
			samples = append(samples, took.Seconds()*1e6)
		}
	}
	return fmt.Sprintf("median_us=%.1f p99_us=%.1f cpu_us=%.1f", quantile(samples, .5), quantile(samples, .99),
		watch.cpu()/float64(rounds+warmUp)*1e6)
}

func setup(count, concurrency int) string {
	connect().disconnect()
	var left atomic.Int64
	left.Store(int64(count))
	var mutex sync.Mutex
	var samples []float64
	var group sync.WaitGroup
	watch := newStopwatch()
	for i := 0; i < concurrency; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for left.Add(-1) >= 0 {
				p := connect()
				mutex.Lock()
				samples = append(samples, p.offerToOpenMs)
				mutex.Unlock()
				p.disconnect()
			}
		}()
	}
	group.Wait()
	return fmt.Sprintf("median_ms=%.2f p90_ms=%.2f per_s=%.1f cpu_ms=%.2f", quantile(samples, .5),
		quantile(samples, .9), float64(count)/watch.wall(), watch.cpu()/float64(count)*1e3)
}

func idle(connections int, duration float64) string {
	connect().disconnect()
	time.Sleep(seconds(.5))
	settled := func() float64 {
		debug.FreeOSMemory()
		return residentKb()
	}
	before := settled()
	var pairs []*pair
	for i := 0; i < connections/2; i++ {
		pairs = append(pairs, connect())
	}
	time.Sleep(seconds(1))
	each := func() float64 { return (settled() - before) / 2 / float64(len(pairs)) }
	fresh := each()
	watch := newStopwatch()
	time.Sleep(seconds(duration))
	percent := watch.cpu() / watch.wall() * 100
	later := each()
	runtime.KeepAlive(pairs)
	return fmt.Sprintf("fresh_kB=%.1f later_kB=%.1f cpu_percent=%.2f", fresh, later, percent)
}

func main() {
	number := func(i int) float64 {
		n, err := strconv.ParseFloat(os.Args[i], 64)
		must(err)
		return n
	}
	var line string
	switch os.Args[1] {
	case "bulk":
		line = bulk(int(number(2)), number(3))
	case "ping":
		line = ping(int(number(2)))
	case "setup":
		line = setup(int(number(2)), int(number(3)))
	case "idle":
		line = idle(int(number(2)), number(3))
	case "restart":
		line = restart(int(number(2)), int(number(3)))
	default:
		panic("bulk SIZE SECONDS | ping N | setup N CONCURRENCY | idle CONNECTIONS SECONDS | restart PAIRS COUNT")
	}
	fmt.Println(os.Args[1], line)
}
