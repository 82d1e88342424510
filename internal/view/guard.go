package view

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net"
	"net/http"
	"slices"
	"strings"

	"tailer/internal/loopback"
	"tailer/internal/page"
)

// policy lets a page run and show what this server sends, and nothing else.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// cookie holds a proof of the token, never the token.
const cookie = "tailer_view"

// guard stands before every page.
func (s *Server) guard(next http.Handler) http.Handler {
	crossing := http.NewCrossOriginProtection()
	return crossing.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		switch {
		case s.cfg.Token == "" && !s.known(r.Host):
			w.WriteHeader(http.StatusMisdirectedRequest)
			s.told(page.WriteMessage(w, "Unknown name", "This viewer answers to names of this machine only. Open it by 127.0.0.1 or localhost, or name the host with --allow-host."))
		case strings.HasPrefix(r.URL.Path, page.AssetPrefix):
			serveAsset(w, r)
		case s.cfg.Token != "" && !s.admitted(r):
			s.refuse(w, r)
		default:
			next.ServeHTTP(w, r)
		}
	}))
}

// known tells whether a Host header is a name of ours.
func (s *Server) known(host string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	return loopback.Host(name) || slices.ContainsFunc(s.cfg.Hosts, func(ours string) bool { return strings.EqualFold(ours, name) })
}

// proof is what the cookie holds.
func (s *Server) proof() string {
	mac := hmac.New(sha256.New, []byte(s.cfg.Token))
	_, _ = mac.Write([]byte("tailer view")) // a hash never fails
	return hex.EncodeToString(mac.Sum(nil))
}

// admitted tells whether a request brings the token or its proof.
func (s *Server) admitted(r *http.Request) bool {
	if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		return s.right(token)
	}
	c, err := r.Cookie(cookie)
	return err == nil && subtle.ConstantTimeCompare([]byte(c.Value), []byte(s.proof())) == 1
}

func (s *Server) right(token string) bool {
	have, want := sha256.Sum256([]byte(token)), sha256.Sum256([]byte(s.cfg.Token))
	return subtle.ConstantTimeCompare(have[:], want[:]) == 1
}

// refuse asks for the token, or takes it.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request) {
	failed := false
	if r.Method == http.MethodPost && r.URL.Path == "/login" {
		r.Body = http.MaxBytesReader(w, r.Body, 4096)
		if s.right(r.PostFormValue("token")) {
			http.SetCookie(w, &http.Cookie{
				Name: cookie, Value: s.proof(), Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: r.TLS != nil, MaxAge: 12 * 60 * 60,
			})
			http.Redirect(w, r, "/", http.StatusSeeOther)
			return
		}
		failed = true
		s.cfg.Logger.Warn("wrong token for the viewer", "remote", r.RemoteAddr)
	}
	w.Header().Set("WWW-Authenticate", `Bearer realm="tailer"`)
	w.WriteHeader(http.StatusUnauthorized)
	s.told(page.WriteLogin(w, failed))
}

// logout forgets the cookie.
func logout(w http.ResponseWriter, r *http.Request) {
	http.SetCookie(w, &http.Cookie{Name: cookie, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode, MaxAge: -1})
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// serveAsset serves a style or script, which a browser may keep: its address
// changes with its content.
func serveAsset(w http.ResponseWriter, r *http.Request) {
	text, mediaType, ok := page.Asset(r.URL.Path)
	if !ok || r.Method != http.MethodGet && r.Method != http.MethodHead {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", mediaType)
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	_, _ = w.Write([]byte(text)) // who has gone needs no style
}
