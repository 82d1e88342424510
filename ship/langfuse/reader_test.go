package langfuse

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tailer/ship"
	"tailer/ship/shiptest"
)

// newReader returns a reader of server without a network.
func newReader(t testing.TB, server *shiptest.Server, change func(*Config)) *Reader {
	t.Helper()
	cfg := Config{
		BaseURL: server.URL, PublicKey: shiptest.PublicKey, SecretKey: shiptest.SecretKey, Version: "1.2.3", Transport: server.Transport(),
	}
	if change != nil {
		change(&cfg)
	}
	reader, err := NewReader(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return reader
}

// store sends count exchanges, as the server's version wants them.
func store(t testing.TB, server *shiptest.Server, count int) []*ship.Item {
	t.Helper()
	items := newItems(t, count)
	sink := newSink(t, server, func(c *Config) { c.Transport = server.Transport() })
	for batch := range slices.Chunk(items, 100) {
		if err := sink.Send(context.Background(), batch); err != nil {
			t.Fatal(err)
		}
	}
	return items
}

// TestReader reads back, in pages, what was written to each version.
func TestReader(t *testing.T) {
	for _, version := range []string{"2.95.12", "3.20.0", "3.225.4", "4.16.0", "4.16.0 dual"} {
		t.Run(version, func(t *testing.T) {
			number, bridge, _ := strings.Cut(version, " ")
			server := newServer(t, number)
			if bridge != "" {
				server.MakeDual()
			}
			synctest.Test(t, func(t *testing.T) {
				const count = 1150 // two pages of rows, 12 of traces
				items := store(t, server, count)
				time.Sleep(time.Minute) // of the bubble: rows show late
				reader := newReader(t, server, nil)
				defer reader.Close()
				roots, children := map[string]*Observation{}, 0
				first := exchange(0).Start
				err := reader.Between(t.Context(), first, first.Add((count-10)*time.Second), func(o *Observation) error {
					if o.Parent != "" {
						children++
						return nil
					}
					if roots[o.TraceID] != nil {
						t.Errorf("trace %s is read twice", o.TraceID)
					}
					roots[o.TraceID] = o
					return nil
				})
				if err != nil {
					t.Fatal(err)
				}
				if len(roots) != count-10 || children != 380 {
					t.Errorf("%d roots and %d children, want %d and 380", len(roots), children, count-10)
				}
				for n, item := range items[:count-10] {
					o := roots[item.TraceID()]
					if o == nil {
						t.Fatalf("item %d was not read", n)
					}
					if want := exchange(n); o.CallID != want.CallID || o.User != "ana@example.org" || o.Session != "chat-1" || !o.Start.Equal(want.Start) ||
						o.Type != "GENERATION" || !o.ByTailer || o.Level != "DEFAULT" {
						t.Fatalf("item %d: %+v", n, o)
					}
				}
			})
		})
	}
}

// TestReaderSharedTrace asks for the owner of a trace that began long before.
func TestReaderSharedTrace(t *testing.T) {
	server := newServer(t, "3.225.4")
	synctest.Test(t, func(t *testing.T) {
		store(t, server, 3)
		server.Read(func(traces map[string]*shiptest.Trace, _ *[]*shiptest.Observation) {
			for _, trace := range traces {
				trace.Timestamp = trace.Timestamp.Add(-48 * time.Hour)
			}
		})
		reader := newReader(t, server, nil)
		for range 2 {
			n := 0
			if err := reader.Between(t.Context(), exchange(0).Start, exchange(9).Start, func(o *Observation) error {
				if n++; o.User != "ana@example.org" {
					t.Errorf("user %q", o.User)
				}
				return nil
			}); err != nil || n != 4 {
				t.Errorf("%d observations, %v", n, err)
			}
		}
		asked := 0
		for _, request := range server.Requests() {
			if strings.HasPrefix(request.Path, shiptest.OldTraces+"/") {
				asked++
			}
		}
		if asked != 3 {
			t.Errorf("asked for %d traces one by one, want 3", asked)
		}
	})
}

func TestReaderWaits(t *testing.T) {
	for _, row := range []struct {
		name  string
		fault shiptest.Fault
		least time.Duration
		want  error
	}{
		{"as Retry-After says", shiptest.Fault{Status: 429, Times: 2, Header: map[string]string{"Retry-After": "37"}}, 74 * time.Second, nil},
		{"unhealthy", shiptest.Fault{Status: 503, Times: 3}, 7 * time.Second, nil},
		{"cut connections", shiptest.Fault{Times: 2}, 3 * time.Second, nil},
		{"half a page", shiptest.Fault{Status: 200, Body: `{"data":[{"id":"a"}`}, time.Second, nil},
		{"too long", shiptest.Fault{Status: 503, Times: -1}, 14 * time.Minute, ship.ErrGaveUp},
		{"keys", shiptest.Fault{Status: 401, Times: -1}, 0, ship.ErrKeysRefused},
	} {
		t.Run(row.name, func(t *testing.T) {
			server := newServer(t, "4.16.0")
			synctest.Test(t, func(t *testing.T) {
				store(t, server, 5)
				time.Sleep(time.Minute)
				reader := newReader(t, server, nil)
				if _, err := reader.Mode(t.Context()); err != nil {
					t.Fatal(err)
				}
				row.fault.Path = shiptest.Rows
				server.Fail(row.fault)
				began, ids := time.Now(), map[string]bool{}
				err := reader.Between(t.Context(), exchange(0).Start, exchange(9).Start, func(o *Observation) error {
					if o.CallID != "" {
						ids[o.ID] = true
					}
					return nil
				})
				if !errors.Is(err, row.want) || row.want == nil && len(ids) != 7 {
					t.Errorf("%d observations, %v", len(ids), err)
				}
				if took := time.Since(began); took < row.least || took > row.least+2*time.Minute {
					t.Errorf("took %v, want about %v", took, row.least)
				}
			})
		})
	}
}

func TestReaderStops(t *testing.T) {
	server := newServer(t, "4.16.0")
	synctest.Test(t, func(t *testing.T) {
		store(t, server, 5)
		time.Sleep(time.Minute)
		stop, n := errors.New("enough"), 0
		err := newReader(t, server, nil).Between(t.Context(), exchange(0).Start, exchange(9).Start, func(*Observation) error {
			n++
			return stop
		})
		if !errors.Is(err, stop) || n != 1 {
			t.Errorf("%d observations, %v", n, err)
		}
	})
}

func TestMode(t *testing.T) {
	for version, want := range map[string]WriteMode{"2.95.12": Legacy, "3.225.4": Legacy, "4.16.0": EventsOnly, "4.16.0 dual": Dual} {
		number, bridge, _ := strings.Cut(version, " ")
		server := newServer(t, number)
		if bridge != "" {
			server.MakeDual()
		}
		reader := newReader(t, server, nil)
		for range 2 {
			if got, err := reader.Mode(t.Context()); got != want || err != nil {
				t.Errorf("%s: %s, %v", version, got, err)
			}
		}
		if n := len(server.Requests()); n != 2 {
			t.Errorf("%s: %d requests, want 2", version, n)
		}
	}
	server := newServer(t, "4.16.0")
	server.Fail(shiptest.Fault{Path: "/api/public", Status: 404, Times: -1, ContentType: "text/html", Body: "<html>"})
	if _, err := newReader(t, server, nil).Mode(t.Context()); !errors.Is(err, ErrNoReadAPI) {
		t.Errorf("a server that is none: %v", err)
	}
}

func TestProject(t *testing.T) {
	server := newServer(t, "4.16.0")
	server.Keep(30)
	project, err := newReader(t, server, nil).Project(t.Context())
	if err != nil || project.Name != "test" || project.RetentionDays != 30 || project.Organization != "tests" {
		t.Errorf("%+v, %v", project, err)
	}
	_, err = newReader(t, server, func(c *Config) { c.SecretKey = "sk-lf-wrong" }).Project(t.Context())
	if !Refused(err) || strings.Contains(err.Error(), "sk-lf-wrong") {
		t.Errorf("wrong keys: %v", err)
	}
	health, err := newReader(t, server, func(c *Config) { c.SecretKey = "sk-lf-wrong" }).Health(t.Context())
	if err != nil || health.Version != "4.16.0" || health.Status != "OK" {
		t.Errorf("%+v, %v", health, err)
	}
}

// TestUserTraces finds what is a user's, says what is others' too, and deletes it.
func TestUserTraces(t *testing.T) {
	for _, version := range []string{"3.225.4", "4.16.0"} {
		t.Run(version, func(t *testing.T) {
			server := newServer(t, version)
			synctest.Test(t, func(t *testing.T) {
				const count = 130
				items := store(t, server, count)
				time.Sleep(time.Minute)
				shared, eva := items[7].TraceID(), "eva@example.org"
				server.Read(func(traces map[string]*shiptest.Trace, observations *[]*shiptest.Observation) {
					traces[items[9].TraceID()].UserID = &eva
					for _, o := range *observations {
						if o.TraceID == shared || o.TraceID == items[9].TraceID() {
							o.UserID = &eva
							break
						}
					}
					for _, o := range *observations {
						if o.TraceID == items[9].TraceID() {
							o.UserID = &eva
						}
					}
				})
				reader := newReader(t, server, nil)
				var own, both []string
				if err := reader.UserTraces(t.Context(), "ana@example.org", func(u UserTrace) error {
					if u.Others {
						both = append(both, u.ID)
					} else {
						own = append(own, u.ID)
					}
					return nil
				}); err != nil {
					t.Fatal(err)
				}
				wantBoth := 0
				if version[0] == '4' && items[7].Spans().GetScopeSpans()[0].GetSpans()[0].GetParentSpanId() == nil && len(items[7].Spans().GetScopeSpans()[0].GetSpans()) > 1 {
					wantBoth = 1
				}
				if len(both) != wantBoth || len(own)+len(both) != count-1 || slices.Contains(own, items[9].TraceID()) {
					t.Errorf("%d own, %d shared", len(own), len(both))
				}
				for batch := range slices.Chunk(own, DeleteBatch) {
					if err := reader.Delete(t.Context(), batch); err != nil {
						t.Fatal(err)
					}
				}
				left := 0
				if err := reader.UserTraces(t.Context(), "ana@example.org", func(UserTrace) error {
					left++
					return nil
				}); err != nil || left != len(both) {
					t.Errorf("%d are left, %v", left, err)
				}
			})
		})
	}
}

func TestDeleteLimits(t *testing.T) {
	server := newServer(t, "3.225.4")
	synctest.Test(t, func(t *testing.T) {
		reader := newReader(t, server, nil)
		server.Fail(shiptest.Fault{Path: shiptest.OldTraces, Status: 429, Header: map[string]string{"Retry-After": "3000"}})
		err := reader.Delete(t.Context(), []string{"a"})
		var failure *ship.SendError
		if !errors.As(err, &failure) || failure.RetryAfter != 3000*time.Second {
			t.Errorf("a daily limit: %v", err)
		}
		server.Fail(shiptest.Fault{Path: shiptest.OldTraces, Status: 429, Header: map[string]string{"Retry-After": "30"}})
		if err := reader.Delete(t.Context(), []string{"a"}); err != nil {
			t.Errorf("a short wait: %v", err)
		}
	})
	old := newReader(t, newServer(t, "2.95.12"), nil)
	if err := old.Delete(t.Context(), []string{"a"}); !errors.Is(err, ErrCannotDelete) {
		t.Errorf("v2: %v", err)
	}
}

// TestMetadataForms reads what joins a row to its request in the forms that
// servers give.
func TestMetadataForms(t *testing.T) {
	for name, raw := range map[string]string{
		"nested":    `{"litellm_call_id":"c","response_id":"r","tailer.version":"1","scope":{"name":"tailer"}}`,
		"flattened": `{"litellm_call_id":"c","response_id":"r","tailer.version":"1","scope.name":"tailer"}`,
		"as texts":  `{"litellm_call_id":"\"c\"","response_id":"\"r\"","tailer.version":"\"1\"","scope":"{\"name\":\"tailer\"}"}`,
	} {
		o, err := readObservation(fmt.Appendf(nil, `{"id":"i","traceId":"t","parentObservationId":null,"startTime":"2026-11-23T09:00:00.001Z","userId":null,"metadata":%s}`, raw))
		if err != nil || o.CallID != "c" || o.ResponseID != "r" || !o.ByTailer || o.Scope != "tailer" || o.Parent+o.User != "" || o.Start.UnixMilli()%1000 != 1 {
			t.Errorf("%s: %+v, %v", name, o, err)
		}
	}
	if o, err := readObservation([]byte(`{"id":"i","metadata":null}`)); err != nil || o.ByTailer || o.CallID != "" {
		t.Errorf("no metadata: %+v, %v", o, err)
	}
}
