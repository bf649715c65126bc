#!/bin/sh
# Print the Chromium that the browser tests shall use, installing one if there is none.
# Prints an empty line when it is Playwright's own, which Playwright finds by itself.
# DRIFTGLASS_CHROMIUM names one to prefer.
set -e
for candidate in "${DRIFTGLASS_CHROMIUM:-}" chromium chromium-browser google-chrome \
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"; do
    [ -n "$candidate" ] || continue
    path=$(command -v "$candidate" 2>/dev/null) || continue
    # Ubuntu's chromium-browser may be a stub that only asks for its snap.
    "$path" --version >/dev/null 2>&1 || continue
    echo "$path"
    exit 0
done
if [ "$(id -u)" = 0 ] && grep -q '^ID=debian' /etc/os-release 2>/dev/null; then
    echo "driftglass: installing Debian's Chromium for the browser tests" >&2
    if { apt-get -qq update && apt-get -qq install -y --no-install-recommends chromium; } >&2 &&
        command -v chromium; then
        exit 0
    fi
fi
echo "driftglass: downloading Playwright's Chromium for the browser tests" >&2
(cd web && env -u PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD npx --no-install playwright install chromium) >&2
echo ""
