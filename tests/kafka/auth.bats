#!/usr/bin/env bats
# Logging in to a real broker, and being refused: TLS, certificates, passwords, tokens.
load helper

setup_file() {
	[[ -n ${MAIP_TEST_KAFKA-} ]] || return 0
	"$BATS_TEST_DIRNAME/../rig/kafka/broker" up "$BATS_FILE_TMPDIR/broker" --secure >/dev/null
	kafka-admin "$(<"$BATS_FILE_TMPDIR/broker/address")" create-topics \
		t:1 live:1 live-msk:1 out:1 maip.orders:1
	echo '{"a":1}' | maip-produce -b "$(<"$BATS_FILE_TMPDIR/broker/address")" -t t
}

teardown_file() {
	[[ ! -e $BATS_FILE_TMPDIR/broker ]] || "$BATS_TEST_DIRNAME/../rig/kafka/broker" kill "$BATS_FILE_TMPDIR/broker"
}

setup() {
	need_kafka
	unset MAIP_KAFKA_BROKERS "${!AWS_@}"
	export AWS_EC2_METADATA_DISABLED=true HOME=$BATS_TEST_TMPDIR
	address=$(<"$BATS_FILE_TMPDIR/broker/address")
	# shellcheck disable=SC1091 # tls, mtls, expired, sasl, plain, oauth, bearer, msk
	source "$BATS_FILE_TMPDIR/broker/listeners"
	tls_dir=$BATS_FILE_TMPDIR/broker/tls
	ca=(-X "ssl.ca.location=$tls_dir/ca.pem")
	password alice-secret >alice.conf
	password canary-wrong >wrong.conf
	chmod 600 alice.conf wrong.conf
}

password() { # PASSWORD
	printf '%s\n' security.protocol=sasl_ssl "ssl.ca.location=$tls_dir/ca.pem" sasl.username=alice "sasl.password=$1"
}

# A command that prints an unsigned JWT with this life, in seconds.
token() { # LIFE
	echo "python3 '$BATS_TEST_DIRNAME/../support/jwt.py' $1"
}

consume() { # OPTION...
	maip-consume -t t -o earliest -e --broker-timeout 3s "$@"
}

reads_all() { # OPTION...
	run -0 --separate-stderr consume "$@"
	assert_output '{"a":1}'
	assert_equal "$stderr" ""
}

fails() { # STATUS MESSAGE OPTION...
	run "-$1" --separate-stderr consume "${@:3}"
	assert_output ""
	assert_equal "$stderr" "maip-consume: $2"
}

# Wait until so many lines of a file match; fails after 30 s.
await_count() { # PATTERN FILE COUNT
	local i
	for ((i = 0; i < 1500; i++)); do
		[[ -e $2 && $(grep -c -- "$1" "$2") -ge $3 ]] && return
		sleep 0.02
	done
	echo "$2 has no $3 lines with '$1' after 30 s" >&2
	return 1
}

@test "TLS with the authority's certificate" {
	reads_all -b "$tls" -X security.protocol=ssl "${ca[@]}"
	reads_all -b "localhost:${tls#*:}" -X security.protocol=ssl "${ca[@]}"
}

@test "a certificate of an unknown authority is not trusted" {
	fails 69 "cannot trust Kafka at $tls: its certificate: unable to get local issuer certificate (ssl.ca.location has to name the certificate of its authority)" \
		-b "$tls" -X security.protocol=ssl -X "ssl.ca.location=$tls_dir/other.pem"
}

@test "an expired certificate is not trusted" {
	fails 69 "cannot trust Kafka at $expired: its certificate: certificate has expired (the broker needs a new one, unless the clock here is wrong)" \
		-b "$expired" -X security.protocol=ssl "${ca[@]}"
}

@test "mutual TLS: the right certificate, none, and that of a stranger" {
	reads_all -b "$mtls" -X security.protocol=ssl "${ca[@]}" -X "ssl.certificate.location=$tls_dir/client.pem" -X "ssl.key.location=$tls_dir/client.key"
	fails 77 "cannot use Kafka at $mtls: it wants a certificate of this client (ssl.certificate.location and ssl.key.location)" \
		-b "$mtls" -X security.protocol=ssl "${ca[@]}"
	fails 77 "cannot use Kafka at $mtls: it does not accept the certificate of this client (ssl.certificate.location)" \
		-b "$mtls" -X security.protocol=ssl "${ca[@]}" -X "ssl.certificate.location=$tls_dir/stranger.pem" -X "ssl.key.location=$tls_dir/stranger.key"
}

@test "TLS to a listener without it, and the other way round" {
	fails 69 "cannot use Kafka at $address: it breaks off the TLS handshake, as a listener without TLS does (security.protocol=plaintext or sasl_plaintext, or another port)" \
		-b "$address" -X security.protocol=ssl "${ca[@]}"
	fails 69 "cannot use Kafka at $tls: it hangs up, as a listener with TLS does (security.protocol=ssl or sasl_ssl, or another port)" -b "$tls"
}

@test "files of TLS that are missing, are none, or do not fit are told with what to look at" {
	local mutual=(-b "$mtls" -X security.protocol=ssl "${ca[@]}" -X "ssl.certificate.location=$tls_dir/client.pem")
	local refused="librdkafka refuses the configuration: ssl"
	fails 66 "-X: ssl.ca.location: cannot open 'absent.pem': No such file or directory" \
		-b "$tls" -X security.protocol=ssl -X ssl.ca.location=absent.pem
	fails 66 "-X: ssl.key.location: cannot open 'absent.key': No such file or directory" \
		"${mutual[@]}" -X ssl.key.location=absent.key
	run -78 --separate-stderr consume -b "$tls" -X security.protocol=ssl -X ssl.ca.location=alice.conf
	assert_regex "$stderr" "$refused.ca.location failed: .* \(are there certificates in PEM in it\?\)\$"
	run -78 --separate-stderr consume "${mutual[@]}" -X "ssl.key.location=$tls_dir/stranger.key"
	assert_regex "$stderr" "$refused.key.location failed: .* \(ssl.key.location has to name the key of ssl.certificate.location\)\$"

	openssl pkey -in "$tls_dir/client.key" -aes256 -passout pass:canary -out locked.key
	openssl pkcs12 -export -inkey "$tls_dir/client.key" -in "$tls_dir/client.pem" -passout pass:canary -out keys.p12
	echo ssl.key.password=canary-wrong >key.conf
	printf 'ssl.keystore.location=keys.p12\nssl.keystore.password=canary-wrong\n' >store.conf
	chmod 600 key.conf store.conf
	run -78 --separate-stderr consume "${mutual[@]}" -F key.conf -X ssl.key.location=locked.key
	assert_regex "$stderr" "\(is it a key in PEM\? if it is encrypted, is ssl.key.password right\?\)\$"
	run -78 --separate-stderr consume -b "$mtls" -X security.protocol=ssl "${ca[@]}" -F store.conf
	assert_regex "$stderr" "\(is ssl.keystore.password right\?\)\$"
	sed -i s/-wrong// key.conf store.conf
	reads_all "${mutual[@]}" -F key.conf -X ssl.key.location=locked.key
	reads_all -b "$mtls" -X security.protocol=ssl "${ca[@]}" -F store.conf
}

@test "no login where one is wanted, and one where none is" {
	fails 69 "cannot use Kafka at $plain: it hangs up, as a listener does that wants a login (security.protocol=sasl_ssl with sasl.mechanism, or another port)" \
		-b "$plain"
	fails 77 "cannot use Kafka at $tls: it takes no login (security.protocol=ssl or plaintext, or another port)" \
		-b "$tls" -F alice.conf -X sasl.mechanism=PLAIN
}

@test "a password: PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512 over TLS, and PLAIN on this machine" {
	local mechanism
	for mechanism in PLAIN SCRAM-SHA-256 SCRAM-SHA-512; do
		reads_all -b "$sasl" -F alice.conf -X "sasl.mechanism=$mechanism"
	done
	reads_all -b "$plain" -F alice.conf -X sasl.mechanism=PLAIN -X security.protocol=sasl_plaintext
}

# The identity that the listener msk knows, and the authority of its certificate.
be_iam() {
	export AWS_ACCESS_KEY_ID=AKIDEXAMPLE SSL_CERT_FILE=$tls_dir/ca.pem
	export AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY
}

# Play the metadata service of EC2, whose credentials are good for so long; sets metadata.
play_ec2() { # [SECONDS]
	python3 "$BATS_TEST_DIRNAME/../support/ec2_metadata.py" "$@" >url 3>&- &
	metadata=$!
	await_count http url 1
	unset AWS_EC2_METADATA_DISABLED
	AWS_EC2_METADATA_SERVICE_ENDPOINT=$(<url)
	export AWS_EC2_METADATA_SERVICE_ENDPOINT
}

teardown() {
	[[ -z ${metadata-} ]] || kill "$metadata"
}

@test "the examples of maip-consume(1)" {
	unset XDG_CONFIG_HOME
	be_iam
	export AWS_REGION=eu-west-1 PATH=$BATS_TEST_TMPDIR:$PATH # the names here tell no region
	cat >vault <<-END
		#!/bin/sh
		[ "\$*" = "read -field=token identity/oidc/token/kafka" ] && exec $(token 60)
	END
	chmod +x vault
	# its names for those of this broker; the clients of tls/ have a key of their own
	sed "s|kafka.example.com:9093|$sasl|; s|kafka.example.com:9094|$mtls|; s|kafka.example.com:9095|$bearer|
		s|b-1.demo.x1.c2.kafka.eu-west-1.amazonaws.com:9098|$msk|
		s|/etc/kafka/ca.pem|$tls_dir/ca.pem|
		s|/etc/kafka/me.pem|$tls_dir/client.pem|; s|/etc/kafka/me.key|$tls_dir/client.key|" \
		"$BATS_TEST_DIRNAME/../../man/maip-consume.1" >maip-consume.1
	run "$BATS_TEST_DIRNAME/../examples" "needs logins" maip-consume.1
	assert_success
	assert_line 1..5
}

@test "a wrong password is refused with the name of the mechanism" {
	fails 77 "Kafka at $sasl refuses the login with SASL PLAIN as 'alice': Invalid username or password (check sasl.username and sasl.password)" \
		-b "$sasl" -F wrong.conf -X sasl.mechanism=PLAIN
	run -77 --separate-stderr consume -b "$sasl" -F wrong.conf -X sasl.mechanism=SCRAM-SHA-512
	assert_regex "$stderr" "Kafka at $sasl refuses the login with SASL SCRAM-SHA-512 as 'alice': .*\(check sasl.username and sasl.password"
}

@test "a mechanism that the broker does not know is answered with those it knows" {
	fails 77 "Kafka at $oauth does not take SASL PLAIN: Unsupported SASL mechanism: broker's supported mechanisms: OAUTHBEARER (set sasl.mechanism to one of those)" \
		-b "$oauth" -F alice.conf -X sasl.mechanism=PLAIN -X security.protocol=sasl_plaintext
}

@test "maip-produce logs in the same way" {
	echo '{"b":2}' >line
	maip-produce -b "$sasl" -F alice.conf -X sasl.mechanism=SCRAM-SHA-256 -t out <line
	maip-produce -b "$oauth" -X security.protocol=sasl_plaintext --oauth-token-command "$(token 60)" -t out <line
	run -77 maip-produce -b "$sasl" -F wrong.conf -X sasl.mechanism=PLAIN -t out <line
	run -0 maip-consume -b "$address" -t out -o earliest -e
	assert_output $'{"b":2}\n{"b":2}'
}

@test "a token that a command prints" {
	reads_all -b "$oauth" -X security.protocol=sasl_plaintext --oauth-token-command "$(token 60)"
	reads_all -b "$oauth" -X security.protocol=sasl_plaintext --oauth-token-command "printf '{\"access_token\":\"%s\",\"expires_in\":30}' \"\$($(token 60))\""
}

@test "a token that the broker does not take" {
	fails 77 "Kafka at $oauth refuses the login with SASL OAUTHBEARER: {\"status\":\"invalid_token\"} (is it the token for this broker?)" \
		-b "$oauth" -X security.protocol=sasl_plaintext --oauth-token-command 'echo "{\"access_token\":\"canary\",\"expires_in\":60}"'
}

@test "a token command that fails is told with its first line of errors, and one that recovers is forgiven" {
	fails 77 "no token for Kafka at $oauth: --oauth-token-command: exit status 3: 'no vault'" \
		-b "$oauth" -X security.protocol=sasl_plaintext --oauth-token-command 'echo canary; echo no vault >&2; echo line 2 >&2; exit 3'
	reads_all -b "$oauth" -X security.protocol=sasl_plaintext --oauth-token-command "mkdir tried && exit 1; $(token 60)"
}

@test "tokens of four seconds are renewed while nothing is read, and while records come" {
	maip-consume -v -t live -o earliest -b "$oauth" -X security.protocol=sasl_plaintext \
		--oauth-token-command "$(token 4)" >lines 2>err 3>&- &
	consumer=$!
	await_count 'the new token is good' err 4 # the first three have ended, and with each the broker's session
	echo '{"a":2}' | maip-produce -b "$address" -t live
	await_count '{"a":2}' lines 1
	kill "$consumer"
	ends_with 0 "$consumer"
	run grep -v -e 'the new token is good until' -e 'partition 0: from offset' -e 'records read' err
	assert_output ""
}

@test "a renewal that fails is told once, and the old token is used until the new one is there" {
	# The second call fails until the file is there.
	local command="[ -e called ] && [ ! -e well ] && { echo vault is sealed >&2; exit 1; }; touch called; $(token 3)"
	maip-consume -t t -o earliest -b "$oauth" -X security.protocol=sasl_plaintext \
		--oauth-token-command "$command" >lines 2>err 3>&- &
	consumer=$!
	await_count 'cannot renew' err 1
	touch well
	await_count 'the new token is good' err 1
	kill "$consumer"
	ends_with 0 "$consumer"
	run -0 grep -c "cannot renew the token: --oauth-token-command: exit status 1: 'vault is sealed'; trying again" err
	assert_output 1
}

@test "MSK IAM: without credentials the message says where they were looked for" {
	fails 77 "no token for Kafka at $oauth: --aws-msk-iam: no AWS credentials: not in the environment, not in profile 'default', no web identity, no container, AWS_EC2_METADATA_DISABLED is set (try \"aws configure\")" \
		-b "$oauth" -X security.protocol=sasl_plaintext --aws-msk-iam=eu-west-1
}

@test "MSK IAM: the keys of the environment, and the region of the option or of AWS's own settings" {
	be_iam
	reads_all -b "$msk" --aws-msk-iam=eu-west-1
	AWS_REGION=eu-west-1 reads_all -b "$msk" --aws-msk-iam
	AWS_DEFAULT_REGION=eu-west-1 reads_all -b "$msk" -X security.protocol=SASL_SSL \
		-X sasl.mechanism=AWS_MSK_IAM
	echo '{"b":3}' >line
	maip-produce -b "$msk" --aws-msk-iam=eu-west-1 -t out <line
}

refused_by_msk() { # WHY REGION
	fails 77 "Kafka at $msk refuses the login with SASL OAUTHBEARER: {\"status\":\"Access denied: $1\"} (are the AWS credentials right, is the region $2, and does the IAM policy allow kafka-cluster:Connect?)" \
		-b "$msk" "--aws-msk-iam=$2"
}

@test "MSK IAM: a wrong secret, an unknown key, another region and credentials that are no more are refused" {
	be_iam
	AWS_SECRET_ACCESS_KEY=wJalr refused_by_msk "wrong signature" eu-west-1
	AWS_ACCESS_KEY_ID=AKIDOTHER refused_by_msk "unknown access key" eu-west-1
	AWS_SESSION_TOKEN=until-1-canary refused_by_msk "not our session token" eu-west-1
	refused_by_msk "another address" eu-north-1
	echo '{"b":3}' >line
	AWS_SECRET_ACCESS_KEY=wJalr run -77 maip-produce -b "$msk" --aws-msk-iam=eu-west-1 -t out line
}

@test "MSK IAM: the credentials of an instance's role, renewed every few seconds while nothing is read" {
	be_iam
	unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
	play_ec2 4
	maip-consume -v -t live-msk -o earliest -b "$msk" --aws-msk-iam=eu-west-1 >lines 2>err 3>&- &
	consumer=$!
	await_count 'the new token is good' err 4 # the first three have ended, and with each the broker's session
	echo '{"a":2}' | maip-produce -b "$address" -t live-msk
	await_count '{"a":2}' lines 1
	kill "$consumer"
	ends_with 0 "$consumer"
	run grep -v -e 'the new token is good until' -e 'partition 0: from offset' -e 'records read' err
	assert_output ""
}

@test "MSK IAM: the token of an instance's role reaches a broker that is not Amazon's" {
	play_ec2
	fails 77 "Kafka at $oauth refuses the login with SASL OAUTHBEARER: {\"status\":\"invalid_token\"} (are the AWS credentials right, is the region eu-west-1, and does the IAM policy allow kafka-cluster:Connect?)" \
		-b "$oauth" -X security.protocol=sasl_plaintext --aws-msk-iam=eu-west-1
}

@test "no secret is shown, whatever is printed: passwords, tokens, keys" {
	export MAIP_RUN_DIR=$BATS_TEST_TMPDIR/run
	mkdir -m 700 run
	password canary-password >secret.conf
	echo ssl.key.password=canary-key-password >>secret.conf
	chmod 600 secret.conf
	python3 "$BATS_TEST_DIRNAME/../support/jwt.py" 60 canary >jwt
	for mechanism in PLAIN SCRAM-SHA-256; do
		consume -v -X debug=all -b "$sasl" -F secret.conf -X "sasl.mechanism=$mechanism" >>out 2>&1 || true
	done
	consume -v -X debug=all -b "$oauth" -X security.protocol=sasl_plaintext \
		--oauth-token-command 'cat jwt' >>out 2>&1
	AWS_ACCESS_KEY_ID=AKID AWS_SECRET_ACCESS_KEY=canary-aws AWS_SESSION_TOKEN=canary-session \
		consume -v -X debug=all -b "$oauth" \
		-X security.protocol=sasl_plaintext --aws-msk-iam=eu-west-1 >>out 2>&1 || true
	cp wrong.conf open.conf
	chmod 640 open.conf
	consume -b "$sasl" -F open.conf >>out 2>&1 || true
	consume -b "$sasl" -X sasl.password=canary-argument >>out 2>&1 || true
	run -0 grep -c SASL out # it has been talkative
	run -1 grep -a -e canary -e "$(cut -d . -f 2 jwt)" out
	run -1 grep -ra -e canary -e "$(cut -d . -f 2 jwt)" "$MAIP_RUN_DIR"
}
