#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Mail::DMARC for compare_dmarc.py: a JSON object a line in, one a line out. Its DNS is the zone of the case.
use strict;
use warnings;
use JSON::PP;
use Mail::DMARC::PurePerl;
use Net::DNS;

package Zone;
sub new { my ($class, $zone) = @_; return bless {zone => $zone}, $class }
sub send {
    my ($self, $name, $type) = @_;
    my $packet = Net::DNS::Packet->new($name, $type, 'IN');
    for my $text (@{$self->{zone}{lc $name}{$type} || []}) {
        my $rr = $type eq 'TXT'
            ? Net::DNS::RR->new(name => $name, type => 'TXT', txtdata => [$text =~ /(.{1,255})/gs])
            : Net::DNS::RR->new(name => $name, type => $type, address => $text);
        $packet->push(answer => $rr);
    }
    return $packet;
}
sub query { my $packet = &send(@_); return $packet->answer ? $packet : undef }

package main;
$| = 1;
while (my $line = <STDIN>) {
    my $case = decode_json($line);
    my $dmarc = Mail::DMARC::PurePerl->new;
    my $result = eval {
        $dmarc->set_resolver(Zone->new($case->{zone}));
        $dmarc->config->{report_store}{auto_save} = 0;
        $dmarc->header_from($case->{from});
        $dmarc->spf(scope => 'mfrom', domain => $case->{spf}[1], result => $case->{spf}[0]);
        $dmarc->dkim([map { {domain => $_->[1], selector => 's', result => $_->[0]} } @{$case->{dkim}}])
            if @{$case->{dkim}};
        $dmarc->validate;
    };
    my $out = {error => $@ ? "$@" : undef};
    if ($result) {
        my $reasons = $result->reason;
        $out->{result} = $result->result;
        $out->{spf} = ($result->spf // '') eq 'pass' ? 1 : 0;
        $out->{dkim} = ($result->dkim // '') eq 'pass' ? 1 : 0;
        $out->{disposition} = lc($result->disposition // '');
        $out->{org} = $dmarc->get_organizational_domain;
        $out->{comment} = join '; ', map { $_->{comment} // '' } @{$reasons || []};
    }
    print encode_json($out), "\n";
}
