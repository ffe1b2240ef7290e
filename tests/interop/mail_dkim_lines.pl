#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Mail::DKIM with keys from the zone given. In and out as tests/interop/dkim_lines.c has it.
use strict;
use warnings;
use Mail::DKIM::ARC::Verifier;
use Mail::DKIM::DNS;
use Mail::DKIM::Verifier;
use Net::DNS;

my (%zone, %failing);
no warnings qw(redefine once);
*CORE::GLOBAL::time = sub { 1790000000 };
*Mail::DKIM::DNS::query = sub {
	my ($name, $type) = @_;
	$name = lc $name;
	die "DNS error: SERVFAIL\n" if $failing{$name};
	return () unless $zone{$name};
	return map { Net::DNS::RR->new(owner => $name, type => 'TXT', txtdata => $_) } @{$zone{$name}};
};

sub read_zone {
	my $line = shift;
	if ($line =~ /^(\S+) TXT !(\S+)$/) {
		$failing{lc $1} = 1 if $2 ne 'NXDOMAIN' && $2 ne 'NODATA';
	} elsif ($line =~ /^(\S+) TXT (.*)$/) {
		my ($name, $text) = (lc $1, $2);
		my @strings = $text =~ /"([^"]*)"/g;
		s/\\(\d\d\d)/chr($1)/ge for @strings;
		push @{$zone{$name}}, \@strings;
	}
}

sub judge {
	my $bytes = shift;
	my @found;
	my $chain = '';
	eval {
		local $SIG{__WARN__} = sub { };
		my $verifier = Mail::DKIM::Verifier->new;
		$verifier->PRINT($bytes);
		$verifier->CLOSE;
		@found = map { my $said = $_->result_detail; $said =~ tr{,\t\n}{   }; $said } grep { ref $_ eq 'Mail::DKIM::Signature' } $verifier->signatures;
		1;
	} or @found = ('died');
	eval {
		local $SIG{__WARN__} = sub { };
		my $verifier = Mail::DKIM::ARC::Verifier->new;
		$verifier->PRINT($bytes);
		$verifier->CLOSE;
		$chain = $verifier->result_detail;
		$chain =~ tr{\t\n}{  };
		1;
	} or $chain = 'died';
	return join(',', @found) . "\t" . $chain;
}

$| = 1;
my $hex;
while (my $line = <STDIN>) {
	chomp $line;
	if (!defined $hex) {
		$hex = $line;
	} elsif ($line ne '') {
		read_zone($line);
	} else {
		print judge(pack('H*', $hex)), "\n";
		undef $hex;
		%zone = %failing = ();
	}
}
