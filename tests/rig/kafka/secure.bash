# shellcheck shell=bash
# secure.bash - the listeners of "broker up DIR --secure", for broker(1) of this folder
#
# DIR/listeners has NAME=HOST:PORT a line, to be sourced:
#	tls	TLS
#	mtls	TLS, and the client shows a certificate, too
#	expired	TLS with a certificate that ended yesterday
#	sasl	TLS with SASL PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512
#	plain	SASL PLAIN without TLS
#	oauth	SASL OAUTHBEARER without TLS; takes unsigned JWTs, and ends a session with its token
#	bearer	the same over TLS
#	msk	TLS with SASL OAUTHBEARER; takes what Amazon MSK takes in eu-west-1, see
#		MskTokens.java: the secret of AKIDEXAMPLE is
#		wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY, that of ASIAEXAMPLE is secret
# The user is alice, her password alice-secret. Certificates, all for a day, are in DIR/tls: ca.pem,
# client.pem with client.key, and stranger.pem with stranger.key, which another authority has
# signed.

scram_users=(--add-scram 'SCRAM-SHA-256=[name=alice,password=alice-secret]' --add-scram 'SCRAM-SHA-512=[name=alice,password=alice-secret]')

new_key() { # FILE
	openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1"
}

authority() { # NAME
	new_key "$1.key"
	openssl req -x509 -key "$1.key" -out "$1.pem" -subj "/CN=$1" -days 1
}

certificate() { # NAME AUTHORITY DAYS
	new_key "$1.key"
	openssl req -new -key "$1.key" -subj "/CN=$1" -addext subjectAltName=IP:127.0.0.1,DNS:localhost |
		openssl x509 -req -CA "$2.pem" -CAkey "$2.key" -days "$3" -copy_extensions copy -out "$1.pem" 2>/dev/null
	cat "$1.key" "$1.pem" >"$1.both.pem"
}

make_certificates() { # DIR
	mkdir -p "$1/tls"
	(
		umask 077
		cd "$1/tls" || exit
		authority ca
		authority other
		certificate server ca 1
		certificate late ca -1
		certificate client ca 1
		certificate stranger other 1
	)
}

secure_properties() { # DIR PORT CONTROLLER-PORT
	local dir=$1 name port used=" $2 $3 " open=PLAINTEXT://127.0.0.1:$2 map=
	local jwt='org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker"'
	: >"$dir/listeners"
	for name in tls:SSL mtls:SSL expired:SSL sasl:SASL_SSL plain:SASL_PLAINTEXT \
		oauth:SASL_PLAINTEXT bearer:SASL_SSL msk:SASL_SSL; do
		until port=$(free_port) && [[ $used != *" $port "* ]]; do :; done
		used+="$port " open+=,${name%:*}://127.0.0.1:$port map+=,$name
		echo "${name%:*}=127.0.0.1:$port" >>"$dir/listeners"
	done
	for name in tls mtls sasl expired bearer msk; do
		cat <<-END
			listener.name.$name.ssl.keystore.type=PEM
			listener.name.$name.ssl.keystore.location=$dir/tls/server.both.pem
			listener.name.$name.ssl.truststore.type=PEM
			listener.name.$name.ssl.truststore.location=$dir/tls/ca.pem
		END
	done
	for name in oauth bearer msk; do
		cat <<-END
			listener.name.$name.sasl.enabled.mechanisms=OAUTHBEARER
			listener.name.$name.oauthbearer.connections.max.reauth.ms=3600000
		END
	done
	cat <<-END
		listeners=$open,CONTROLLER://127.0.0.1:$3
		advertised.listeners=$open
		listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT$map
		inter.broker.listener.name=PLAINTEXT
		listener.name.mtls.ssl.client.auth=required
		listener.name.expired.ssl.keystore.location=$dir/tls/late.both.pem
		listener.name.sasl.sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512
		listener.name.sasl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_alice="alice-secret";
		listener.name.sasl.scram-sha-256.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
		listener.name.sasl.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
		listener.name.plain.sasl.enabled.mechanisms=PLAIN
		listener.name.plain.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_alice="alice-secret";
		listener.name.oauth.oauthbearer.sasl.jaas.config=$jwt;
		listener.name.bearer.oauthbearer.sasl.jaas.config=$jwt;
		listener.name.msk.oauthbearer.sasl.jaas.config=$jwt region="eu-west-1" secret_AKIDEXAMPLE="wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" secret_ASIAEXAMPLE="secret";
		listener.name.msk.oauthbearer.sasl.server.callback.handler.class=MskTokens
	END
}
