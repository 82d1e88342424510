package kafka

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// brokers tells, once each, which brokers can't be reached or refuse the password: the
// client tries for ever and says nothing.
type brokers struct {
	logger *slog.Logger

	mu      sync.Mutex
	failing map[string]bool // by address; guarded by mu
}

var _ kgo.HookBrokerConnect = (*brokers)(nil)

// OnBrokerConnect implements kgo.HookBrokerConnect.
func (b *brokers) OnBrokerConnect(broker kgo.BrokerMetadata, _ time.Duration, _ net.Conn, err error) {
	if errors.Is(err, context.Canceled) || errors.Is(err, kgo.ErrClientClosed) {
		return
	}
	address := net.JoinHostPort(broker.Host, strconv.Itoa(int(broker.Port)))
	b.mu.Lock()
	defer b.mu.Unlock()
	switch failed := b.failing[address]; {
	case err != nil && !failed:
		if b.failing == nil {
			b.failing = map[string]bool{}
		}
		b.failing[address] = true
		b.logger.Warn("broker can't be used, will try again; are address, TLS and password right?", "broker", address, "err", err)
	case err == nil && failed:
		delete(b.failing, address)
		b.logger.Info("broker can be used again", "broker", address)
	}
}
