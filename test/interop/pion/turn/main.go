// turn client ADDRESS PORT NAME PASSWORD: Pion's TURN client allocates over UDP and TCP, and sends through the relay to a peer that
// sends back: in indications at first, over a channel then.
// turn serve: two of Pion's TURN servers on the loopback, for the user "user" with the password "secret"; prints their URLs.
package main

import (
	"fmt"
	"net"
	"os"
	"time"

	"github.com/pion/logging"
	"github.com/pion/turn/v5"
)

func must(err error, what string) {
	if err != nil {
		fmt.Printf("FAILED: %s: %v\n", what, err)
		os.Exit(1)
	}
}

func echo() net.PacketConn {
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	must(err, "a socket for the peer")
	go func() {
		buffer := make([]byte, 2048)
		for {
			size, from, err := conn.ReadFrom(buffer)
			if err != nil {
				return
			}
			_, _ = conn.WriteTo(buffer[:size], from)
		}
	}()
	return conn
}

func client(network, server, name, password string) {
	var conn net.PacketConn
	var err error
	if network == "tcp" {
		stream, dialled := net.Dial("tcp4", server)
		must(dialled, "connecting")
		conn = turn.NewSTUNConn(stream)
	} else {
		conn, err = net.ListenPacket("udp4", "127.0.0.1:0")
		must(err, "a socket")
	}
	defer conn.Close()
	client, err := turn.NewClient(&turn.ClientConfig{
		STUNServerAddr: server, TURNServerAddr: server, Conn: conn, Username: name, Password: password,
		LoggerFactory: logging.NewDefaultLoggerFactory(),
	})
	must(err, "a client")
	defer client.Close()
	must(client.Listen(), "listening")
	mapped, err := client.SendBindingRequest()
	must(err, "a binding request")
	relay, err := client.Allocate()
	must(err, "an allocation")
	peer := echo()
	defer peer.Close()
	buffer := make([]byte, 2048)
	const messages = 500
	for i := 0; i < messages; i++ {
		// Not shorter: from a stream Pion takes no frame of less than 9 bytes until more comes.
		text := fmt.Sprintf("message %d %0*d", i, 1+i*2, 0)
		_, err = relay.WriteTo([]byte(text), peer.LocalAddr())
		must(err, "sending")
		must(relay.SetReadDeadline(time.Now().Add(10*time.Second)), "a deadline")
		size, from, err := relay.ReadFrom(buffer)
		must(err, fmt.Sprintf("receiving message %d", i))
		if string(buffer[:size]) != text || from.String() != peer.LocalAddr().String() {
			must(fmt.Errorf("%d bytes from %v", size, from), "what came back")
		}
	}
	must(relay.Close(), "giving it back")
	fmt.Printf("ok: %s, seen as %v, %d messages came back through %v\n", network, mapped, messages, relay.LocalAddr())
}

func refused(server string) {
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	must(err, "a socket")
	defer conn.Close()
	client, err := turn.NewClient(&turn.ClientConfig{
		STUNServerAddr: server, TURNServerAddr: server, Conn: conn, Username: "user", Password: "guess",
		LoggerFactory: logging.NewDefaultLoggerFactory(),
	})
	must(err, "a client")
	defer client.Close()
	must(client.Listen(), "listening")
	if _, err = client.Allocate(); err == nil {
		must(fmt.Errorf("it was granted"), "an allocation with a wrong password")
	}
	fmt.Println("ok: a wrong password is refused")
}

func serve() {
	for i := 0; i < 2; i++ {
		conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
		must(err, "a socket")
		_, err = turn.NewServer(turn.ServerConfig{
			Realm: "example.org",
			AuthHandler: func(of *turn.RequestAttributes) (string, []byte, bool) {
				return of.Username, turn.GenerateAuthKey(of.Username, "example.org", "secret"), of.Username == "user"
			},
			PacketConnConfigs: []turn.PacketConnConfig{{
				PacketConn: conn,
				RelayAddressGenerator: &turn.RelayAddressGeneratorStatic{
					RelayAddress: net.ParseIP("127.0.0.1"), Address: "127.0.0.1",
				},
				PermissionHandler: func(net.Addr, net.IP) bool { return true },
			}},
		})
		must(err, "a server")
		fmt.Printf("turn:%v\n", conn.LocalAddr())
	}
	select {}
}

func main() {
	if len(os.Args) == 2 && os.Args[1] == "serve" {
		serve()
	}
	server := net.JoinHostPort(os.Args[2], os.Args[3])
	client("udp", server, os.Args[4], os.Args[5])
	client("tcp", server, os.Args[4], os.Args[5])
	refused(server)
}
