# Sourced by hooks, in the root: the certificates that this machine trusts, for what works behind the same proxies.
trusted=/etc/ssl/certs/ca-certificates.crt
if [ -s "$trusted" ]; then
  cp "$trusted" "etc/ssl/certs/ca-certificates.crt"
else
  cat usr/share/ca-certificates/mozilla/*.crt >etc/ssl/certs/ca-certificates.crt
fi
