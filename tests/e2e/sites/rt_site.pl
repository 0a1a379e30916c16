#!/usr/bin/perl
# Steps for a Request Tracker with its own configuration and SQLite file (RT_SITE_CONFIG), as JSON on standard input:
# ["grant", RIGHT, GROUP], ["template", ID, CONTENT], ["disable", SCRIP], ["mail", TEXT], ["resolve", TICKET]. Mail goes through RT's own
# gateway code, as rt-mailgate would hand it over. After each step a line on standard output: the mails it made, as JSON.
use strict;
use warnings;
use lib '/usr/share/request-tracker5/lib';
use RT -init;
use RT::Interface::Email;
use JSON;

my $steps = JSON->new->utf8->decode( do { local $/; <STDIN> } );
my $queue = RT::Queue->new( RT->SystemUser );
$queue->Load('General');
my %seen = map { $_ => 1 } glob( RT->Config->Get('SendmailArguments') . '/*.eml' );
for my $step (@$steps) {
    my ( $what, @words ) = @$step;
    if ( $what eq 'grant' ) {
        my $group = RT::Group->new( RT->SystemUser );
        $group->LoadSystemInternalGroup( $words[1] );
        my ( $done, $why ) = $group->PrincipalObj->GrantRight( Right => $words[0], Object => $queue );
        die $why unless $done;
    }
    elsif ( $what eq 'template' ) {
        my $template = RT::Template->new( RT->SystemUser );
        $template->Load( $words[0] );
        my ( $done, $why ) = $template->SetContent( $words[1] );
        die $why unless $done;
    }
    elsif ( $what eq 'disable' ) {
        my $scrip = RT::Scrip->new( RT->SystemUser );
        $scrip->Load( $words[0] );
        my ( $done, $why ) = $scrip->SetDisabled(1);
        die $why unless $done;
    }
    elsif ( $what eq 'resolve' ) {
        my $ticket = RT::Ticket->new( RT->SystemUser );
        $ticket->Load( $words[0] );
        $ticket->SetStatus('resolved') if $ticket->id;
    }
    elsif ( $what eq 'mail' ) {
        RT::Interface::Email::Gateway( { message => $words[0], queue => 'General', action => 'correspond' } );
    }
    else { die $what }
    my @new = grep { !$seen{$_}++ } sort glob( RT->Config->Get('SendmailArguments') . '/*.eml' );
    print JSON->new->utf8->encode( \@new ), "\n";
}
