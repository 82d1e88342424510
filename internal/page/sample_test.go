package page

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"tailer"
	"tailer/internal/report"
	"tailer/ship/otlp"
)

// hostile is a name that would run if anything took it for markup.
const hostile = `<script>alert(1)</script>`

// sample is a month of a company: people, chats, models, some errors.
func sample(t testing.TB, requests int) *report.Report {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same every time is what is wanted
	zone := time.FixedZone("CET", 3600)
	r := report.New(report.Config{Location: zone})
	names := []string{"ana.pena", "joerg.mueller", "taro.yamada", "zoe.oersted", "pat.obrien", "li.wei", "sara.lindqvist", "omar.haddad", "ines.costa", "noah.weber"}
	teams := []string{"Research", "Support", "Sales", "Legal", "Engineering"}
	models := []struct {
		name, provider string
		price, pace    float64
	}{
		{"gpt-4o", "openai", 8e-6, 1}, {"gpt-4o-mini", "openai", 5e-7, 0.6}, {"claude-3-5-sonnet-20241022", "anthropic", 1e-5, 1.4},
		{"mistral-large", "mistral", 6e-6, 0.9}, {"o3-mini", "openai", 4e-6, 4}, {"text-embedding-3-small", "openai", 2e-8, 0.15},
	}
	titles := []string{"🥖 Sourdough for beginners", "k8s: readiness vs liveness", "Tides & moon (draft)", "Quarterly numbers, explained", "Offer for Ørsted <v2>", "Why is the sea salty?"}
	start := time.Date(2026, time.October, 26, 0, 0, 0, 0, zone)
	for n := range requests {
		day, hour := random.IntN(30), 8+int(math.Abs(random.NormFloat64())*3)
		at := start.AddDate(0, 0, day).Add(time.Duration(min(hour, 23))*time.Hour + time.Duration(random.IntN(3600))*time.Second)
		if wd := at.Weekday(); (wd == time.Saturday || wd == time.Sunday) && random.IntN(8) > 0 {
			continue
		}
		person := int(math.Abs(random.NormFloat64()) * 12)
		m := models[min(int(math.Abs(random.NormFloat64())*2), len(models)-1)]
		in, out := int64(200+random.IntN(6000)), int64(20+random.IntN(900))
		took := time.Duration((0.4 + 0.004*float64(out)*math.Exp(0.4*random.NormFloat64())) * m.pace * float64(time.Second))
		s := &otlp.Summary{
			TraceID: fmt.Sprintf("%032x", n+1), SpanID: fmt.Sprintf("%016x", n+1), Start: at, End: at.Add(took), FirstToken: at.Add(took / 5),
			User: fmt.Sprintf("%s%d@example.org", names[person%len(names)], person/len(names)), UserSource: "header:x-openwebui-user-email",
			Role: "user", Groups: teams[person%len(teams)], Session: fmt.Sprintf("chat-%04d", (person*31+n%17)%900), Level: tailer.LevelDefault, Status: 200,
			Model: m.name, Provider: m.provider, KeyAlias: "open-webui", Metered: true, Usage: otlp.Usage{Input: in, Output: out, Total: in + out},
			Priced: true, Cost: float64(in+4*out) * m.price,
		}
		if n%9 == 0 {
			s.Task, s.Title = "title_generation", titles[(person+n)%len(titles)]
		}
		switch k := random.IntN(60); {
		case k == 0:
			s.Level, s.Status, s.ErrorClass, s.StatusMessage = tailer.LevelError, 429, "RateLimitError", "RateLimitError: Rate limit reached for gpt-4o"
		case k == 1:
			s.Level, s.StatusMessage = tailer.LevelWarning, "client disconnected"
		case k == 2 && n%3 == 0:
			s.Level, s.Status, s.ErrorClass, s.StatusMessage = tailer.LevelError, 400, "ContextWindowExceededError", "ContextWindowExceededError: too long"
		}
		if n%97 == 0 {
			s.User, s.UserSource, s.Groups, s.Title = hostile, "body:user", hostile, hostile
		}
		if n%53 == 0 {
			s.User, s.UserSource, s.Role, s.Groups = "", "", "", ""
		}
		r.Add(s)
	}
	return r
}
