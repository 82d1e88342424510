package page

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/hex"
	"html/template"
	"path"
	"strings"
)

//go:embed assets templates
var files embed.FS

// An asset is a style or a script.
type asset struct {
	name string // in the folder of assets
	text string
}

// styles and scripts are in the order of loading.
var (
	styles      = load("vendor/tabulator.min.css", "app.css")
	scripts     = load("vendor/chart.umd.min.js", "vendor/chartjs-chart-matrix.min.js", "vendor/tabulator.min.js", "theme.js", "charts.js", "tables.js", "report.js")
	theme       = load("theme.js")
	liveScripts = append(append([]asset{}, scripts...), load("live.js")...)
)

func load(names ...string) []asset {
	assets := make([]asset, len(names))
	for i, name := range names {
		text, err := files.ReadFile("assets/" + name)
		if err != nil {
			panic(err) // embedded, so the build has it
		}
		assets[i] = asset{name, string(text)}
	}
	return assets
}

// Path is where the viewer serves the asset: its content is in the name, so that
// a browser may keep it for ever.
func (a asset) Path() string {
	sum := sha256.Sum256([]byte(a.text))
	ext := path.Ext(a.name)
	return AssetPrefix + strings.TrimSuffix(path.Base(a.name), ext) + "-" + hex.EncodeToString(sum[:6]) + ext
}

// CSS and JS are the asset's text, for a page that holds it.
func (a asset) CSS() template.CSS { return template.CSS(a.text) } //nolint:gosec // ours, not a log's
func (a asset) JS() template.JS   { return template.JS(a.text) }  //nolint:gosec // ours, not a log's

// hash is how a content security policy names the asset.
func (a asset) hash() string {
	sum := sha256.Sum256([]byte(a.text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

func hashes(assets []asset) string {
	all := make([]string, len(assets))
	for i, a := range assets {
		all[i] = a.hash()
	}
	return strings.Join(all, " ")
}

// AssetPrefix is where the viewer serves assets.
const AssetPrefix = "/assets/"

// served are the assets by the path that the viewer serves them at.
var served = func() map[string]asset {
	all := map[string]asset{}
	for _, a := range append(append([]asset{}, styles...), liveScripts...) {
		all[a.Path()] = a
	}
	return all
}()

// Asset returns the text of a style or script and its media type; false if there
// is none at that path.
func Asset(name string) (text, mediaType string, ok bool) {
	a, ok := served[name]
	if strings.HasSuffix(name, ".css") {
		return a.text, "text/css; charset=utf-8", ok
	}
	return a.text, "text/javascript; charset=utf-8", ok
}

// filePolicy lets a page in a file run what stands in it and nothing else.
var filePolicy = "default-src 'none'; script-src " + hashes(scripts) + "; style-src " + hashes(styles) +
	"; img-src data: blob:; base-uri 'none'; form-action 'none'"
